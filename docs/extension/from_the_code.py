"""What the pages take from the code itself, so that it cannot go stale: two directives, and docstrings as Markdown.

`{methods} signbit.binarizers` documents the class, or the function, of every file that the package lists;
`{commands}` the commands of `signbit` with their arguments and options.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import re
import sys
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from signbit import cli
from signbit.file_listing import class_name, file_names


class Methods(SphinxDirective):
    """Every file of a package whose files each hold one method or one family of networks."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = importlib.import_module(self.arguments[0])
        blocks = []
        for name in file_names(str(package.__file__), getattr(package, "_EXCLUDE", ())):
            module = importlib.import_module(f"{package.__name__}.{name}")
            holds = next(found for found in (class_name(name), name, "load") if hasattr(module, found))
            kind = "autoclass" if inspect.isclass(getattr(module, holds)) else "autofunction"
            blocks.append(f"`````{{eval-rst}}\n.. {kind}:: {module.__name__}.{holds}\n`````\n")
        return self.parse_text_to_nodes("\n".join(blocks))


class Commands(SphinxDirective):
    """Every command, with what its `--help` prints."""

    def run(self) -> list[nodes.Node]:
        text = "\n".join(f"## {path}\n\n```text\n{text}\n```\n" for path, text in _commands("signbit"))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _commands(path: str) -> Iterator[tuple[str, str]]:
    text = _help(path)
    _, _, listed = text.partition("\nCommands:\n")
    if not listed:
        yield path, text
    for name in re.findall(r"^ {2}(\S+)", listed, re.MULTILINE):  # what goes on in a second line is further in
        yield from _commands(f"{path} {name}")


def _help(path: str) -> str:
    output, before = io.StringIO(), sys.argv
    sys.argv = [*path.split(), "--help"]
    try:
        with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            cli.main()
    finally:
        sys.argv = before
    return output.getvalue().strip()


def plain_text(app: Sphinx, what: str, name: str, documented: object, options: object, lines: list[str]) -> None:
    """Escape what means something to reStructuredText: docstrings are written to be read in the code."""
    for number, line in enumerate(lines):
        parts = re.split(r"(`+[^`]*`+)", line)
        lines[number] = "".join(part if part.startswith("`") else re.sub(r"[|*\\]", r"\\\g<0>", part) for part in parts)


def readable_default(
    app: Sphinx, what: str, name: str, documented: object, options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """A field that a dataclass makes anew has no default that Sphinx can read."""
    return None if signature is None else (signature.replace("<factory>", "..."), returns)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("methods", Methods)
    app.add_directive("commands", Commands)
    app.connect("autodoc-process-docstring", plain_text, priority=100)  # before napoleon reads the sections
    app.connect("autodoc-process-signature", readable_default)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
