"""What a source distribution and the wheel made from it may and must contain: check_files.py SDIST WHEEL.

The wheel holds the files of src/signbit, one extension module and its metadata; the source distribution holds what git
holds. Neither is a list to keep up to date. Needs git, and pyelftools (auditwheel brings it).
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

MOST_BYTES = 2_000_000
NEEDED = ("CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml", "engine/CMakeLists.txt")
METADATA = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
DATA = ("py.typed", "engine/_native.pyi")
NATIVE = re.compile(r"signbit/engine/_native\.[^/]*so")


def must(holds: bool, what: str) -> None:
    """Stop with one line."""
    if not holds:
        sys.exit(f"error: {what}")


def sdist_files(sdist: Path) -> set[str]:
    """The paths in a source distribution, below its one folder."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


def check_sdist(files: set[str]) -> None:
    """Everything that the wheel is built from, and nothing that git does not know."""
    for name in NEEDED:
        must(name in files, f"the source distribution lacks {name}")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout.split("\0")
    stray = files - set(listed) - {"PKG-INFO"}
    must(not stray, f"the source distribution has files that git does not know: {sorted(stray)}")


def check_wheel_files(names: set[str], sdist: set[str]) -> None:
    """The Python files and their data, the extension module, the metadata: these and no other."""
    package = {name.removeprefix("src/") for name in sdist if name.startswith("src/signbit/")}
    for name in DATA:
        must(f"signbit/{name}" in package, f"src/signbit/{name} is not there")
    must(any(re.fullmatch(r"signbit/recipes/.*\.toml", name) for name in package), "src/signbit/recipes is empty")
    native = {name for name in names if NATIVE.fullmatch(name)}
    must(len(native) == 1, f"the wheel has {len(native)} extension modules: {sorted(native)}")
    info = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    must(len(info) == 1, f"the wheel has the metadata folders {sorted(info)}")
    expected = package | native | {f"{folder}/{name}" for folder in info for name in METADATA}
    lacks, extra = sorted(expected - names), sorted(names - expected)
    must(names == expected, f"the wheel lacks {lacks} and should not have {extra}")


def check_extension(content: bytes) -> None:
    """No symbol table, no debugging information, and one symbol that others may see."""
    elf = ELFFile(io.BytesIO(content))
    sections = {section.name for section in elf.iter_sections()}
    kept = {name for name in sections if name == ".symtab" or name.startswith(".debug")}
    must(not kept, f"the extension module is not stripped: {sorted(kept)}")
    symbols = elf.get_section_by_name(".dynsym").iter_symbols()
    exported = {s.name for s in symbols if s.name and s["st_shndx"] != "SHN_UNDEF"}
    must(exported == {"PyInit__native"}, f"the extension module shows {sorted(exported)[:9]}, not PyInit__native alone")


def check_tags(wheel: Path) -> None:
    """The stable ABI from Python 3.12 on, and a platform that pip installs anywhere."""
    python, abi, platform = wheel.name.removesuffix(".whl").split("-")[2:]
    here = f"cp{sys.version_info.major}{sys.version_info.minor}"
    expected = ("cp312", "abi3") if sys.version_info >= (3, 12) else (here, here)
    must((python, abi) == expected, f"the wheel is for {python}-{abi}, not {'-'.join(expected)}")
    must(platform.startswith("manylinux_2_"), f"the wheel is for {platform}, not manylinux")


def main(sdist: Path, wheel: Path) -> None:
    """Check both and print their sizes."""
    source = sdist_files(sdist)
    check_sdist(source)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        check_wheel_files(names, source)
        native = archive.read(next(name for name in names if NATIVE.fullmatch(name)))
    check_extension(native)
    check_tags(wheel)
    size = wheel.stat().st_size
    must(size < MOST_BYTES, f"{wheel.name} has {size:,} bytes; it must have fewer than {MOST_BYTES:,}")
    print(f"{sdist.name}: {sdist.stat().st_size:,} bytes, {len(source)} files")
    print(f"{wheel.name}: {size:,} bytes, {len(names)} files; the extension module {len(native):,} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
