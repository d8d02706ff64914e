"""The bytes of a model file, for writer and reader: see docs/file-format.md."""

from __future__ import annotations

import re
from struct import Struct

MAGIC = b"\x89SBIT\r\n\x1a"
VERSION = 1
ALIGNMENT = 64

# magic, version, sections, file bytes, input, output, first label, labels, resize, filter, reserved; then the checksum
HEADER = Struct("<8sIIQIIIIII12s")
CHECKSUM = Struct("<I")
SECTION = Struct("<IIQQQ")  # kind, checksum, offset, bytes, records
TENSOR = Struct("<IIIIII")  # type, height, width, channels, name, zero
CONSTANT = Struct("<IIQQQ")  # type, zero, elements, offset, bytes
OP = Struct("<12I")  # kind, name, (first, count) of inputs, outputs, constants, attributes, two zeros
STRING = Struct("<II")  # offset, bytes
INDEX, ATTRIBUTE = Struct("<I"), Struct("<i")

SECTIONS: dict[str, Struct | None] = {
    "tensors": TENSOR,
    "constants": CONSTANT,
    "ops": OP,
    "indices": INDEX,
    "strings": STRING,
    "text": None,
    "metadata": None,
    "data": None,
}
"""The sections in order, and a record of each; None where it is bytes."""

HEADER_BYTES = HEADER.size + CHECKSUM.size
FIRST_SECTION = HEADER_BYTES + len(SECTIONS) * SECTION.size

MOST_STRING_BYTES = 65535
CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")  # printed, it would command the terminal


def padding(size: int) -> int:
    """Bytes from there to the next multiple of the alignment."""
    return -size % ALIGNMENT
