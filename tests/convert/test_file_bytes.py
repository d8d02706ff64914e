"""The parts of a model file add up to all of it."""

from __future__ import annotations

import torch
from converted import PIXELS, norm
from torch import nn

from signbit.convert import convert
from signbit.convert.file_bytes import FileBytes, file_bytes
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.integer_stem import IntegerConv2d


def test_parts_of_a_file() -> None:
    torch.manual_seed(0)
    body = nn.Sequential(BinaryConv2d(8, 8, 3), norm(8), nn.Conv2d(8, 4, 1))
    conversion = convert(nn.Sequential(IntegerConv2d(3, 8, 3), norm(8), body).eval(), PIXELS)
    found = file_bytes(conversion.model, conversion.layers)
    assert found.total == len(conversion.to_bytes())
    stem, binary, real = 8 * 3 * 9, 8 * 9 * 8, 4 * (8 * 4 + 4)
    threshold = found.modules["2.0.input_binarizer"]
    assert found.modules == {"0": stem, "2.0.input_binarizer": threshold, "2.0": binary, "2.2": real}
    assert found.below("2") == threshold + binary + real
    assert found.below("2.0") == threshold + binary
    assert found.below("0") == stem
    assert found.below("1") == 0
    constants = sum(op.constant_bytes for op in conversion.model.ops)
    assert found.other_constants == constants - stem - threshold - binary - real > 0
    assert found.frame == found.total - constants


def test_paths_are_whole_names() -> None:
    sizes = FileBytes({"a": 1, "a.b": 2, "ab": 4, "a.b.c": 8}, 16, 32)
    assert sizes.total == 63
    assert (sizes.below("a"), sizes.below("a.b"), sizes.below("ab"), sizes.below("b")) == (11, 10, 4, 0)
