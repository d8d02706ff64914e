"""Keep the smallest file for each way in which the reader refuses one, out of what the fuzzer found.

    python engine/fuzz/keep_attacks.py build/fuzz/corpus

Files go to tests/files/attacks, named after their fate and what the reader says of them; what is there stays. Numbers
and names in the messages do not count: two files that differ in those alone attack the same line.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from signbit.engine import Model, ModelFileError

KEPT = Path(__file__).parents[2] / "tests/files/attacks"
MOST_BYTES = 2**24  # of a session, as in engine/tests/test_files.cpp
MOST_FILE_BYTES = 8192


def fate(content: bytes) -> str | None:
    """Error kind and the words of the message, or None for a file that loads."""
    place = ""
    try:
        model = Model.from_bytes(content)
        place = "session_"
        model.session(most_bytes=MOST_BYTES)
    except ModelFileError as error:
        return f"{place}{error.kind}.{slug(str(error))}"
    return None


def slug(message: str) -> str:
    """The words of a message up to where it says what is allowed."""
    text = re.sub(r'"[^"]*"', "", message.removeprefix("model file: "))
    text = re.sub(r"^op \d+\s+\((\w+)\)", r"\1", text)
    text = re.split(r"; |: (?:it was|at most)", text)[0]
    return "_".join(re.findall(r"[a-z]+[a-z0-9]*", text.lower()))[:90]


def main(corpus: Path) -> None:
    smallest: dict[str, bytes] = {}
    for path in corpus.iterdir():
        content = path.read_bytes()
        name = fate(content) if len(content) <= MOST_FILE_BYTES else None
        if name and len(content) < len(smallest.get(name, bytes(MOST_FILE_BYTES + 1))):
            smallest[name] = content
    for name, content in sorted(smallest.items()):
        target = KEPT / f"{name}.sbit"
        if not target.exists():
            target.write_bytes(content)
            print(f"{target.name}: {len(content)} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
