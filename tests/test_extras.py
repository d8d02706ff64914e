"""Without an extra, whatever needs it says which one, in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest


def message(missing: str, statement: str) -> str:
    """The last line of what Python prints for a statement where a library is missing."""
    script = f"import sys; sys.modules[{missing!r}] = None; {statement}"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    return ended.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "package", ["binarizers", "data", "inspect", "layers", "losses", "metrics", "models", "optim", "train", "verify"]
)
def test_packages_that_need_torch(package: str) -> None:
    wanted = f"signbit.{package} needs torch; install it with: pip install 'signbit[train]'"
    assert message("torch", f"import signbit.{package}").endswith(wanted)


def test_convert_needs_torch_when_it_is_called() -> None:
    wanted = "signbit.convert.convert needs torch; install it with: pip install 'signbit[train]'"
    assert message("torch", "from signbit.convert import convert; convert(None, None)").endswith(wanted)


def test_the_engine_and_model_files_need_neither_torch_nor_an_extra() -> None:
    blocked = [
        "torch",
        "lightning_fabric",
        "pydantic",
        "torchmetrics",
        "sklearn",
        "safetensors",
        "typer",
        "rich",
        "PIL",
    ]
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked})); import signbit.engine, signbit.modelfile; "
        "print('ok', sum(m.startswith('signbit') for m in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("ok")
