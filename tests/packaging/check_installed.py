"""The installed package, where nothing but numpy is: check_installed.py FOLDER_OF_MODEL_FILES.

Runs the kept model file on every instruction set of this machine and compares with the kept results. Continuous
integration runs it in an empty environment on every system that wheels are built for.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import signbit
from signbit.engine import Model, supported_isas
from signbit.modelfile import read, to_bytes

NOTHING_ELSE = ("torch", "lightning_fabric", "pydantic", "typer", "rich", "PIL")


def must(holds: bool, what: str) -> None:
    """Stop with one line."""
    if not holds:
        sys.exit(f"error: {what}")


def check_place() -> None:
    """The package is the installed one, and its extras are not there."""
    must("site-packages" in str(Path(signbit.__file__)), f"signbit is imported from {signbit.__file__}")
    version = importlib.metadata.version("signbit")
    must(version == signbit.__version__, f"installed as {version}, but it says {signbit.__version__}")
    there = [name for name in NOTHING_ELSE if importlib.util.find_spec(name)]
    must(not there, f"this environment is not empty: {there}")


def check_model(path: Path) -> None:
    """Element i of the images is (37 i + 11) mod 256; see README.md beside the files."""
    model = Model.load(path)
    must(to_bytes(model.file) == to_bytes(read(path)), f"{path.name}: the engine and numpy read different files")
    kept = path.with_suffix(".output").read_bytes()
    count = len(kept) // (4 * int(np.prod(model.output_shape)))
    elements = np.arange(count * int(np.prod(model.input_shape)))
    images = ((37 * elements + 11) % 256).astype(model.input_dtype).reshape(count, *model.input_shape)
    for isa in supported_isas():
        for threads in (1, 2):
            output = model.session(isa=isa, threads=threads).run(images)
            must(output.tobytes() == kept, f"{path.name} on {isa}, {threads} threads: not the results that are kept")


def check_command() -> None:
    """Without its extra the command says in one line what to install."""
    command = shutil.which("signbit", path=str(Path(sys.executable).parent))
    if command is None:
        sys.exit("error: there is no command signbit beside the interpreter")
    ended = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    must(ended.returncode == 1, f"signbit --help without its extra ended with {ended.returncode}")
    lines = ended.stderr.splitlines()
    must(len(lines) == 1 and lines[0].endswith("pip install 'signbit[cli]'"), f"signbit --help said {ended.stderr!r}")


def main(folder: Path) -> None:
    """Check all of it and print what ran."""
    check_place()
    models = sorted(path for path in folder.glob("*.sbit") if path.with_suffix(".output").exists())
    must(bool(models), f"no model file with its results in {folder}")
    for path in models:
        check_model(path)
    check_command()
    where = f"Python {sys.version.split()[0]}, numpy {np.__version__}"
    print(f"signbit {signbit.__version__}, {where}: {len(models)} model files equal on {', '.join(supported_isas())}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
