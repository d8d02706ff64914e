"""Every block of every page of the documentation does what the page says."""

import importlib
import platform
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from markdown_it import MarkdownIt
from page import ROOT, Page, console_commands, parse, sdk

from signbit import errors

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEED_THE_PACKAGE = ("docs/c-api.md",)
NEED_X86 = ("docs/adding-an-instruction-set.md",)
SLOW = ("docs/adding-an-instruction-set.md", "docs/adding-a-method.md", "docs/evidence.md")  # compile, train
PACKAGES = (
    "binarizers",
    "data",
    "engine",
    "layers",
    "losses",
    "metrics",
    "modelfile",
    "models",
    "optim",
    "train",
    "verify",
)
MOST_NOT_RUN = 4  # of all pages together; each has its reason on the page


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def with_blocks() -> list[object]:
    names = [name_of(path) for path in PAGES if re.search(r"^ *```\w", path.read_text(encoding="utf-8"), re.MULTILINE)]
    return [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in names]


@pytest.mark.parametrize("name", with_blocks())
def test_page(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    if name in NEED_THE_PACKAGE and sdk() is None:
        pytest.skip("SIGNBIT_SDK is not set: the C++ package is not installed; make package-tests does it")
    if name in NEED_X86 and platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the example of this page is an instruction set of x86")
    for variable in ("SIGNBIT_DATA", "SIGNBIT_ISA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    try:
        tally = Page(ROOT / name, tmp_path).run()
    finally:
        torch.set_num_threads(threads)
    record_property("blocks", dict(tally.blocks))
    record_property("not_run", tally.not_run)


def test_few_blocks_are_not_run() -> None:
    found = [line for path in PAGES for line in path.read_text("utf-8").splitlines() if line.startswith("Not run by")]
    assert len(found) <= MOST_NOT_RUN, found


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_block_escapes(path: Path) -> None:
    """An indented block has no language, so nothing would run it; a fenced one must have a known one."""
    parse(path)
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    indented = [token.map[0] + 1 for token in tokens if token.type == "code_block" and token.map]
    assert not indented, f"{name_of(path)}: indented blocks at lines {indented}; fence them with a language"


def test_every_function_of_the_c_headers_is_on_the_page() -> None:
    page = (ROOT / "docs/c-api.md").read_text(encoding="utf-8")
    for header in ("signbit.h", "signbit_kernels.h"):
        text = (ROOT / "engine/include/signbit" / header).read_text(encoding="utf-8")
        names = re.findall(r"^SIGNBIT_API [^(]*?(\w+)\(", text, re.MULTILINE)
        assert names
        assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("package", [*PACKAGES])
def test_every_public_name_is_in_the_reference(package: str) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/reference").glob("*.md"))
    names = set(importlib.import_module(f"signbit.{package}").__all__) - set(vars(errors))
    assert [name for name in sorted(names) if not re.search(rf"[.:] ?(signbit\.)?(\w+\.)*{name}\b", pages)] == []


def test_console_commands() -> None:
    text = "$ one # a comment\nline\n\nline\n$ two \\\n>   --more\n$ three\n"
    assert list(console_commands(text)) == [("one # a comment", "line\n\nline\n"), ("two --more", ""), ("three", "")]


MISTAKES = {
    "other output": ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "the page says"),
    "a command that fails": ("```console\n$ false\n```\n", "status 1"),
    "a command that should fail": ("```console\n$ echo error: no\nerror: no\n```\n", "status 0"),
    "other console output": ("```console\n$ echo 1\n2\n```\n", "the page says"),
    "no such option": ("```console\n$ signbit models --fast\n```\n", "status 2"),
    "no such target": ("```console\n$ make nothing\n```\n", "status 2"),
    "no such key": ("```toml\n[train]\nepoch = 3\n```\n", "epoch: unknown key"),
    "no such line": ("```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n```\n", "git apply"),
    "an exception": ("```python\nraise ValueError('here')\n```\n", "here"),
    "an unknown language": ("```haskell\nmain\n```\n", "haskell"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_page_fails(mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, message = MISTAKES[mistake]
    monkeypatch.setattr("page.ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=message):
        Page(tmp_path / "page.md", tmp_path).run()


def test_what_is_not_run_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("page.ROOT", tmp_path)
    text = "Not run by the tests: it takes a day.\n\n```console\n$ false\n```\n\n`a/b.txt`:\n\n```text\nhi\n```\n"
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    tally = Page(tmp_path / "page.md", tmp_path).run()
    assert tally.not_run == ["page.md:3: it takes a day."]
    assert tally.blocks == {"console": 1, "text": 1}
    assert (tmp_path / "a/b.txt").read_text() == "hi\n"
