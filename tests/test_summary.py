"""The summary's byte columns against the model file as it was written, and its totals against its rows."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from signbit import models
from signbit.convert import convert
from signbit.report import summary_table
from signbit.summary import summarize

NETWORKS = {
    "integers all the way": ["stem=integer", "head=binary"],
    "float ends": [],
    "two thresholds a channel": ["stem=integer", "norm=abn"],
    "an odd number of classes": ["num_classes=7", "norm=abn_scale", "bias=true"],
    "one-bit stem": ["stem=binary", "head=binary", "padding_value=1"],
}


def written_file(settings: dict[str, Any], path: Path) -> bytes:
    torch.manual_seed(0)
    network = models.create("binarynet", **settings)
    convert(network, torch.zeros(2, 3, 16, 16, dtype=torch.uint8)).save(path)
    return path.read_bytes()


def constant_bytes(content: bytes) -> int:
    """Bytes of all constants, without what aligns them, by the section table of docs/file-format.md."""
    first = {}
    for index in range(8):
        kind, _, offset, _, records = struct.unpack_from("<IIQQQ", content, 64 + 32 * index)
        first[kind] = (offset, records)
    offset, records = first[2]
    return sum(struct.unpack_from("<IIQQQ", content, offset + 32 * index)[4] for index in range(records))


@pytest.mark.parametrize("case", NETWORKS)
def test_file_bytes_are_those_of_the_file(case: str, tmp_path: Path) -> None:
    settings = ["width=0.1", *NETWORKS[case]]
    result = summarize("binarynet", size="3x16x16", settings=settings)
    arguments = dict(setting.split("=") for setting in settings)
    typed = {key: {"true": True}.get(text, text) for key, text in arguments.items()} | {"width": 0.1}
    numbers = {key: int(typed[key]) for key in ("num_classes", "padding_value") if key in typed}
    content = written_file(typed | numbers | {"image_size": 16}, tmp_path / "model.sbit")
    assert result["model_file_bytes"] == len(content)
    layers = [layer["file_bytes"] for layer in result["layers"]]
    between = result["between_layers"]["file_bytes"]
    assert sum(layers) + between == constant_bytes(content)
    assert result["file_frame_bytes"] == len(content) - constant_bytes(content)
    assert min(layers) > 0
    assert between >= 0
    assert result["refused"] == ""


@pytest.mark.parametrize("name", models.names())
def test_totals_are_the_sums_of_the_rows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = summarize(name, settings=["width=0.25"], with_file=False)
    rows = [*result["layers"], result["between_layers"]]
    for key in ("parameters", "bytes", "flops", "bops", "ops"):
        assert result[key] == sum(row.get(key, 0) for row in rows), key
    assert result["ops"] == result["flops"] + result["bops"] / 64
    assert result["model_file_bytes"] is None
    summary_table(result)
    printed = capsys.readouterr().out
    assert "not weighed" in printed
    assert f"{result['ops']:,.0f}" in printed


def test_a_refused_file_says_why_once(capsys: pytest.CaptureFixture[str]) -> None:
    result = summarize("reactnet18", settings=["width=0.1"])
    assert "module 'blocks.4.shortcut.0'" in result["refused"]
    assert result["model_file_bytes"] is None
    summary_table(result)
    assert capsys.readouterr().out.count("the engine has no op for") == 1
    # The count does not depend on it.
    assert summarize("reactnet18", settings=["width=0.1"], with_file=False) == result | {"refused": ""}


def test_the_random_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    summarize("binarynet", settings=["width=0.1"])
    assert torch.equal(torch.get_rng_state(), before)


def test_real_inputs_as_bops() -> None:
    settings = ["width=0.25", "shortcut=one_bit_weights"]
    strict, loose = (
        summarize("reactnet18", settings=settings, real_input_1x1=kind, with_file=False) for kind in ("flop", "bop")
    )
    assert loose["bops"] > strict["bops"]
    assert loose["bops"] + loose["flops"] == strict["bops"] + strict["flops"]
