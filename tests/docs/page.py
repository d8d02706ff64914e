"""A page of the documentation, run from top to bottom as its reader would.

| block | what is done with it |
|---|---|
| any, below a line that is nothing but `path`: | written to that file |
| python | run; one namespace for the whole page |
| text | right after python: what that prints; elsewhere nothing |
| console | what stands after `$ ` is run, and prints the lines below it, where there are any |
| diff | applied with `git apply` |
| toml | a recipe, or what differs from binarynet-digits; checked |

`...` stands for anything in what is printed. A command of which the last line is `error: ...` has to fail, all others
have to succeed. `make` is asked whether it knows the target, not run. A block below a line `Not run by the tests:` and
a reason is not run, and counted. The folder of a page has an image `photo.png`, as its reader would.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from sybil import Sybil
from sybil.document import Document
from sybil.evaluators.python import PythonEvaluator
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parents[2]
VENV_BIN = Path(sys.executable).parent
LANGUAGES = ("python", "text", "console", "diff", "toml", "c", "cpp", "cmake")

# These pages work on the project itself: they start in a copy of it.
ON_THE_PROJECT = ("CONTRIBUTING.md", "docs/adding-a-method.md", "docs/adding-an-instruction-set.md")
COPIED = ("CMakeLists.txt", "pyproject.toml", "engine", "src", "tests", "examples")

SCRIPTS = {
    "pytest": "import pytest; sys.exit(pytest.main())",
    "signbit": "from signbit.cli import main; main()",
}

_FILE = re.compile(r"^`([\w./-]+)`:$")
_NOT_RUN = re.compile(r"^Not run by the tests: (.+)$")
_SHELL_SYNTAX = re.compile(r"[|<>&;$*`]")
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass
class Tally:
    """How many blocks of each language there were, and the reasons of those that were not run."""

    blocks: Counter[str] = field(default_factory=Counter)
    not_run: list[str] = field(default_factory=list)


def sdk() -> Path | None:
    """The installed C++ package: SIGNBIT_SDK, that of SIGNBIT_RUN, or what `make package-tests` left."""
    if "SIGNBIT_SDK" in os.environ:
        return Path(os.environ["SIGNBIT_SDK"])
    run = Path(os.environ.get("SIGNBIT_RUN", ROOT / "build/sdk/bin/signbit-run"))
    return run.resolve().parents[1] if run.is_file() else None


def parse(path: Path) -> Document:
    """The page with its blocks.

    Raises:
        ValueError: a block names no language, or one that is not in the table above.
    """
    for number, info in _openings(path.read_text(encoding="utf-8")):
        if info not in LANGUAGES and not info.startswith("{"):
            raise ValueError(f"{path}, line {number}: a block of {info or 'no language'}; there are {LANGUAGES}")
    return Sybil([CodeBlockParser(language, _keep) for language in LANGUAGES]).parse(path)


def _keep(example: Example) -> None:
    """Sybil wants an evaluator; the page's own methods are called instead."""


def _openings(text: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.match(r"\s*(`{3,}|~{3,})(.*)$", line)
        if found and not fence:
            fence = found.group(1)
            yield number, found.group(2).strip()
        elif found and found.group(1).startswith(fence) and not found.group(2).strip():
            fence = ""


class Page:
    """Runs the blocks of one page in a folder of its own.

    Args:
        path: of the Markdown file.
        folder: empty; what the page writes goes there.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.name = path.relative_to(ROOT).as_posix()
        self.document, self.folder = parse(path), folder
        self.tally = Tally()
        self.printed: str | None = None  # by the python block right above
        self.end_of_last = 0
        package = sdk()
        if package is not None:
            (folder / "signbit-sdk").symlink_to(package)
        Image.new("RGB", (64, 48), (200, 120, 40)).save(folder / "photo.png")
        if self.name in ON_THE_PROJECT:
            copy_project(folder)
        path_variable = os.pathsep.join([str(folder / ".venv/bin"), str(VENV_BIN), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path_variable, "COLUMNS": "80"}

    def run(self) -> Tally:
        """Run all blocks.

        Raises:
            AssertionError: a block does not do what the page says; the message has its line.
        """
        for example in self.document.examples():
            above = self.document.text[: example.start].rstrip().rsplit("\n", 1)[-1].strip()
            between = self.document.text[self.end_of_last : example.start].strip()
            language = self._language(example)
            self.tally.blocks[language] += 1
            reason, file = _NOT_RUN.match(above), _FILE.match(above)
            expected, self.printed = (self.printed if not between else None), None
            if reason:
                self.tally.not_run.append(f"{self.name}:{example.line}: {reason.group(1)}")
            elif file:
                target = self.folder / file.group(1)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(example.parsed, encoding="utf-8")
            elif language == "text":
                if expected is not None:
                    self._compare(example, str(example.parsed), expected)
            else:
                getattr(self, f"_run_{language}")(example)
            self.end_of_last = example.end
        return self.tally

    def _language(self, example: Example) -> str:
        return self.document.text[example.start :].lstrip("`~ \n").split("\n", 1)[0].strip()

    def _fail(self, example: Example, message: str) -> None:
        raise AssertionError(f"{self.name}, line {example.line}: {message}")

    def _compare(self, example: Example, wanted: str, got: str) -> None:
        wanted, got = wanted.strip() + "\n", got.strip() + "\n"
        if not doctest.OutputChecker().check_output(wanted, got, _OPTIONS):
            self._fail(example, f"the page says\n{wanted}\nand this came:\n{got}")

    def _run_python(self, example: Example) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            PythonEvaluator()(example)
        self.printed = output.getvalue()

    def _run_toml(self, example: Example) -> None:
        from signbit.train.recipe import RECIPES, check_recipe
        from signbit.train.recipe_file import read_toml

        changes = self.folder / f"line-{example.line}.toml"
        changes.write_text(example.parsed, encoding="utf-8")
        recipe = _merged(read_toml(RECIPES / "binarynet-digits.toml"), read_toml(changes))
        check_recipe(recipe, f"{self.name}, line {example.line}")

    def _run_diff(self, example: Example) -> None:
        command = ["git", "apply", "--whitespace=nowarn", "-"]
        done = subprocess.run(command, input=str(example.parsed), cwd=self.folder, text=True, capture_output=True)
        if done.returncode:
            self._fail(example, f"git apply says {done.stderr}")

    def _run_console(self, example: Example) -> None:
        for command, wanted in console_commands(example.parsed):
            got, status = self._shell(command)
            last = wanted.strip().rsplit("\n", 1)[-1]
            if (status != 0) != last.startswith("error: "):
                self._fail(example, f"$ {command}\nended with status {status} and printed\n{got}")
            if wanted and not command.startswith("make"):
                self._compare(example, wanted, got)

    def _shell(self, command: str) -> tuple[str, int]:
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            words, folder = ["make", "--dry-run", *words[1:]], ROOT
            done = subprocess.run(words, cwd=folder, text=True, capture_output=True)
            return done.stderr, done.returncode
        if words[0] == "signbit" and not _SHELL_SYNTAX.search(command.split(" #")[0]):
            return run_signbit(words[1:])
        # Both streams as one, in the order in which they are written, as a terminal shows them.
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1; {command}"],
            cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE,
        )  # fmt: skip
        return done.stdout, done.returncode


def console_commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and what the block says it prints."""
    command, printed = "", ""
    for line in text.splitlines():
        if command.endswith("\\"):
            command = f"{command[:-1]}{line.removeprefix('>').lstrip()}"
        elif line.startswith("$ "):
            if command:
                yield command, printed
            command, printed = line[2:], ""
        else:
            printed += line + "\n"
    assert command, f"a console block without a command, which starts with '$ ': {text!r}"
    yield command, printed


def run_signbit(arguments: list[str]) -> tuple[str, int]:
    """What `signbit` prints, and its status: in this process, for torch takes seconds to import."""
    from signbit import cli

    output, before = io.StringIO(), sys.argv
    sys.argv = ["signbit", *arguments]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            cli.main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.argv = before
    return output.getvalue(), status


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    both = {key: _merged(base[key], changes[key]) for key in changes if isinstance(base.get(key), dict)}
    return base | changes | both


def copy_project(folder: Path) -> None:
    """A copy of the project to change, with a `.venv/bin` whose python, pytest and signbit import from it."""
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    from signbit.engine import _native

    shutil.copy(str(_native.__file__), folder / "src/signbit/engine")
    (folder / ".venv/bin").mkdir(parents=True)
    for name, start in (
        ("pytest", "import pytest; sys.exit(pytest.main())"),
        ("signbit", "from signbit.cli import main; main()"),
    ):
        script = folder / ".venv/bin" / name
        # An editable install has a finder that goes before sys.path; without it the copy is what is imported.
        script.write_text(
            f"#!{sys.executable}\nimport sys\n"
            "sys.meta_path[:] = [finder for finder in sys.meta_path if 'ScikitBuild' not in type(finder).__name__]\n"
            f"sys.path.insert(0, {str(folder / 'src')!r})\n{start}\n"
        )
        script.chmod(0o755)
