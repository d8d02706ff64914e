"""Whether two runs ended in the same bits."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

CLOCK = "seconds"  # what no two runs share


def assert_equal_runs(one: Path, other: Path) -> None:
    """The folders hold the same files, and the same in them: models, optimizer, random states, curves, best epoch."""
    names, others = (sorted(path.name for path in folder.iterdir()) for folder in (one, other))
    assert names == others
    for name in names:
        assert differences(*(_content(folder / name) for folder in (one, other))) == [], name


def _content(path: Path) -> Any:
    if path.suffix == ".pt":
        return torch.load(path, weights_only=True)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else path.read_text()


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two trees of plain values and tensors differ, but for what a clock said."""
    if type(a) is not type(b):
        return [path]
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return [path]
        return [found for key in a if key != CLOCK for found in differences(a[key], b[key], f"{path}.{key}")]
    if isinstance(a, (list, tuple)):
        pairs = enumerate(zip(a, b, strict=False))
        return [path] * (len(a) != len(b)) + [f for i, (x, y) in pairs for f in differences(x, y, f"{path}.{i}")]
    if isinstance(a, Tensor):
        return [path] * (a.dtype != b.dtype or not torch.equal(a, b))
    return [path] * (a != b)
