"""Write the stub of the native module, src/signbit/engine/_native.pyi, from the module that is installed.

The stub is committed because type checkers do not see the module of an editable install; run this after a change of
native.cpp. `--check` writes nothing and exits with 1 where the committed stub is stale.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

from nanobind.stubgen import StubGen

STUB = Path(__file__).parents[2] / "src/signbit/engine/_native.pyi"


def generate() -> str:
    """The stub as nanobind writes it."""
    module = importlib.import_module("signbit.engine._native")
    generator = StubGen(module)
    generator.put(module)
    return str(generator.get())


def is_current() -> bool:
    """Whether the committed stub says what the module is; how it is laid out does not matter."""
    return STUB.exists() and _meaning(STUB.read_text()) == _meaning(generate())


def _meaning(text: str) -> tuple[set[str], list[str]]:
    body = ast.parse(text).body
    imports = {ast.dump(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)}
    return imports, [ast.dump(node) for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]


def main() -> int:
    if "--check" in sys.argv[1:]:
        if is_current():
            return 0
        print(f"{STUB} is stale: run python {Path(__file__).name}", file=sys.stderr)
        return 1
    STUB.write_text(generate())
    for command in (["check", "--silent", "--fix", "--exit-zero"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, str(STUB)], check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
