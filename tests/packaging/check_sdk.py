"""The archive for C and C++, unpacked in another place: its program on the kept model files, its example built and run.

check_sdk.py ARCHIVE FOLDER_OF_MODEL_FILES [--toolchain FILE --emulator COMMAND]. Needs cmake and ninja.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NEEDED = (
    "LICENSE",
    "bin/signbit-run",
    "examples/cpp_app/CMakeLists.txt",
    "file-format.md",
    "include/signbit/engine.hpp",
    "include/signbit/signbit.h",
    "include/signbit/signbit_kernels.h",
    "lib/cmake/signbit/signbitConfig.cmake",
    "lib/libsignbit.a",
    "lib/libsignbit.so",
    "lib/pkgconfig/signbit.pc",
)


def must(holds: bool, what: str) -> None:
    """Stop with one line."""
    if not holds:
        sys.exit(f"error: {what}")


def output_of(command: list[str]) -> str:
    """What a command prints; it must end with 0."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    must(ended.returncode == 0, f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr}{ended.stdout}")
    return ended.stdout


def unpack(archive: Path, folder: Path) -> Path:
    """The one folder in the archive, which has its name."""
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    sdk = folder / archive.name.removesuffix(".tar.gz")
    for name in NEEDED:
        must((sdk / name).exists(), f"{archive.name} lacks {name}")
    must([sdk] == list(folder.iterdir()), f"{archive.name} has more than one folder")
    for path in sdk.rglob("*"):  # a file that names the folder it was built in works nowhere else
        must(not path.is_file() or str(Path.cwd()).encode() not in path.read_bytes(), f"{path} names {Path.cwd()}")
    return sdk


def tensor_of(content: bytes, field: int) -> tuple[str, int]:
    """Type (of struct) and elements of the tensor that a header field names; see docs/file-format.md."""
    (index,) = struct.unpack_from("<I", content, field)
    (tensors,) = struct.unpack_from("<Q", content, 64 + 8)
    code, height, width, channels = struct.unpack_from("<4I", content, tensors + 24 * index)
    return {1: "B", 3: "i", 4: "f"}[code], height * width * channels


def raw_images(model: Path, folder: Path) -> list[str]:
    """Files with the images of which the results are kept: element i of all of them is (37 i + 11) mod 256."""
    content = model.read_bytes()
    kind, elements = tensor_of(content, 24)
    _, results = tensor_of(content, 28)
    paths = []
    for image in range(model.with_suffix(".output").stat().st_size // (4 * results)):
        values = [(37 * (image * elements + i) + 11) % 256 for i in range(elements)]
        paths.append(folder / f"image{image}")
        paths[-1].write_bytes(struct.pack(f"<{elements}{kind}", *values))
    return [str(path) for path in paths]


def check_program(run: list[str], model: Path, folder: Path) -> list[str]:
    """The program gives the kept results on every instruction set; these are returned."""
    images = raw_images(model, folder)
    isas = output_of([*run, "--version"]).partition("sets: ")[2].split()
    for isa in isas:
        result = folder / "result"
        output_of([*run, str(model), *images, "--isa", isa, "--output", str(result)])
        kept = model.with_suffix(".output").read_bytes()
        must(result.read_bytes() == kept, f"signbit-run --isa {isa} {model.name}: not the results that are kept")
    return isas


def check_example(sdk: Path, folder: Path, options: list[str], emulator: list[str], model: Path) -> None:
    """The example is built against the archive by its CMake package, and runs."""
    build = folder / "app"
    source = sdk / "examples/cpp_app"
    output_of(["cmake", "-S", str(source), "-B", str(build), "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={sdk}", *options])
    output_of(["cmake", "--build", str(build)])
    print(output_of([*emulator, str(build / "own_tensors")]).strip())
    print(output_of([*emulator, str(build / "classify"), str(model)]).strip())


def main() -> None:
    """Check all of it and print the sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("archive", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--toolchain", type=Path)
    parser.add_argument("--emulator", type=str.split, default=[])
    given = parser.parse_args()
    models = sorted(path for path in given.models.glob("*.sbit") if path.with_suffix(".output").exists())
    must(bool(models), f"no model file with its results in {given.models}")
    options = [f"-DCMAKE_TOOLCHAIN_FILE={given.toolchain}"] if given.toolchain else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sdk = unpack(given.archive, folder)
        run = [*given.emulator[:1], str(sdk / "bin/signbit-run")]  # it is static: no libraries to point an emulator at
        isas = {isa for model in models for isa in check_program(run, model, folder)}
        check_example(sdk, folder, options, given.emulator, given.models / "v1_every_op.sbit")
        binaries = ("bin/signbit-run", "lib/libsignbit.a", "lib/libsignbit.so")
        sizes = ", ".join(f"{name} {(sdk / name).stat().st_size:,}" for name in binaries)
    print(f"{given.archive.name}: {given.archive.stat().st_size:,} bytes; {sizes}")
    print(f"{len(models)} model files equal on {', '.join(sorted(isas))}")


if __name__ == "__main__":
    main()
