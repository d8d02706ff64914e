"""What the command prints of each layer: the figures are counted by hand."""

from __future__ import annotations

import torch
from converted import PIXELS, norm
from torch import nn

from signbit.convert import convert
from signbit.convert.layer_report import LayerReport
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.integer_stem import IntegerConv2d

REAL = "real-valued in the module"


def test_every_kind_of_layer() -> None:
    torch.manual_seed(0)
    stem = nn.Sequential(IntegerConv2d(3, 8, 3), norm(8))
    body = nn.Sequential(BinaryConv2d(8, 8, 3, groups=2), norm(8), nn.Conv2d(8, 4, 1), BinaryConv2d(4, 6, 1))
    head = nn.Sequential(nn.Flatten(), nn.Linear(24, 5))
    stem_report, threshold, *others = convert(nn.Sequential(stem, body, head).eval(), PIXELS).layers
    assert stem_report == LayerReport("0.0", "integer_conv", 8, 8, 216, 216, "integer stem: 8-bit weights and pixels")
    assert (threshold.path, threshold.op, threshold.bytes) == ("1.0.input_binarizer", "threshold", 8 * (4 + 4) + 8)
    assert (threshold.input_bits, threshold.weight_bits, threshold.weights) == (32, 0, 0)
    assert others == [
        LayerReport("1.0", "binary_conv", 1, 1, 8 * 4 * 9, 8 * 9 * 8, ""),  # a word of 64 signs for each tap
        LayerReport("1.2", "float_conv", 32, 32, 8 * 4, 4 * (8 * 4 + 4), REAL),
        LayerReport("1.3.input_binarizer", "pointwise", 32, 0, 0, 0, "the sign of a float"),
        LayerReport("1.3", "binary_conv", 1, 1, 4 * 6, 6 * 8, ""),
        LayerReport("2.1", "float_conv", 32, 32, 24 * 5, 4 * (24 * 5 + 5), REAL),
    ]


def test_a_stem_of_one_bit_weights() -> None:
    stem = IntegerConv2d(3, 8, 3, weight_binarizer="mean_abs_sign")
    (report,) = convert(nn.Sequential(stem, norm(8)).eval(), PIXELS).layers
    assert report == LayerReport("0", "integer_conv", 8, 1, 216, 216, "one-bit weights on pixels, stored in 8 bits")
