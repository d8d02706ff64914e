"""The committed stub of the native module says what the module is."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_the_stub_is_current() -> None:
    pytest.importorskip("nanobind")
    script = Path(__file__).parents[2] / "engine/python/write_stub.py"
    result = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
