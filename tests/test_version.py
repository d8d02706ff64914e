"""One version, written in two places: the package's, from which the wheel has its own, and the engine's."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

import signbit

ROOT = Path(__file__).parents[1]


def test_the_wheel_and_the_package_agree() -> None:
    assert importlib.metadata.version("signbit") == signbit.__version__


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("engine/CMakeLists.txt", r"^project\(signbit_engine VERSION (\S+) "),
        ("CHANGELOG.md", r"^## (\d\S*)"),
    ],
)
def test_the_engine_and_the_changelog_agree(file: str, pattern: str) -> None:
    stated = re.findall(pattern, (ROOT / file).read_text(), flags=re.MULTILINE)
    assert stated[0] == signbit.__version__
