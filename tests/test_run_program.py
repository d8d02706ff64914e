"""`signbit-run` beside `signbit predict`: the same pixels, the same scores, and what it says to a mistake.

`make test` builds the program and names it in SIGNBIT_RUN.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from signbit.engine import Model, supported_isas
from signbit.modelfile import ModelFile, Tensor, write
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.predict import classify
from signbit.preprocessing import Preprocessing

PROGRAM = os.environ.get("SIGNBIT_RUN", "")
EVERY_OP = Path(__file__).parent / "files/versions/v1_every_op.sbit"

pytestmark = pytest.mark.skipif(not PROGRAM, reason="SIGNBIT_RUN does not name the program; make test builds it")


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, check=False, env={})


def identity(folder: Path, height: int, width: int, channels: int, preprocessing: Preprocessing | None) -> Path:
    """A model whose output is its pixels."""
    shape = (height, width, channels)
    tensors = [Tensor("pixels", "uint8", *shape), Tensor("same", "float32", *shape)]
    path = folder / "identity.sbit"
    same = Pointwise("same", (0,), (1,), (), (), (0,))
    write(ModelFile(tensors, [same], 0, 1, preprocessing=preprocessing), path)
    return path


def photo(height: int, width: int, mode: str) -> Image.Image:
    noise = np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return Image.fromarray(noise).convert(mode)


def pixels_of(program_output: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.fromfile(program_output, np.float32).astype(np.uint8).reshape(shape)


@pytest.mark.parametrize("size", [(7, 9), (8, 8), (1, 1), (37, 23), (23, 37), (100, 301), (5, 400)])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "preprocessing",
    [None, Preprocessing(0, "bilinear"), Preprocessing(9, "bilinear"), Preprocessing(8), Preprocessing(11)],
    ids=str,
)
def test_pixels_equal_pillows(
    size: tuple[int, int], mode: str, channels: int, preprocessing: Preprocessing | None, tmp_path: Path
) -> None:
    shape = (8, 7, channels)
    model = identity(tmp_path, *shape, preprocessing)
    given = photo(*size, mode)
    given.save(tmp_path / ("photo.ppm" if mode == "RGB" else "photo.pgm"))
    (source,) = tmp_path.glob("photo.*")
    done = run(model, source, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    wanted = (preprocessing or Preprocessing()).pixels(given, *shape)
    np.testing.assert_array_equal(pixels_of(tmp_path / "out", shape), wanted)


def test_the_classes_are_those_of_predict(tmp_path: Path) -> None:
    model = Model.load(EVERY_OP)
    paths = []
    for index in range(5):
        paths.append(tmp_path / f"{index}.ppm")
        photo(20 + index, 30, "RGB").save(paths[-1])
    for isa in supported_isas():
        done = run(EVERY_OP, *paths, "--isa", isa, "--top", "4", "--threads", "2")
        assert done.returncode == 0, done.stderr
        lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
        wanted = [
            (str(path), entry["label"], entry["score"])
            for path in paths
            for entry in classify(model.session(isa=isa), path, 4)["classes"]
        ]
        assert [(file, label) for file, label, _ in lines] == [(file, label) for file, label, _ in wanted]
        assert [float(score) for _, _, score in lines] == pytest.approx([score for _, _, score in wanted], rel=1e-5)


def test_standard_input_raw_files_and_times(tmp_path: Path) -> None:
    model = Model.load(EVERY_OP)
    raw = np.random.default_rng(1).integers(0, 256, model.input_shape).astype(np.uint8)
    (tmp_path / "raw").write_bytes(raw.tobytes())
    for arguments, stdin in ((["-"], raw.tobytes()), ([tmp_path / "raw"], b"")):
        assert run(EVERY_OP, *arguments, "--output", tmp_path / "out", stdin=stdin).returncode == 0
        scores = np.fromfile(tmp_path / "out", np.float32)
        np.testing.assert_array_equal(scores, model.session().run(raw[None])[0])
    timed = run(EVERY_OP, "--bench", "--isa", "scalar").stdout.decode()
    assert timed.startswith("one image, scalar, 1 thread: median ")
    assert all(op.kind in timed for op in model.ops)
    assert run("--version").stdout.decode().split()[-1] == "scalar"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "no model file was given"),
        ([EVERY_OP], 2, "no image was given"),
        ([EVERY_OP, "x", "--fast"], 2, "there is no option --fast"),
        ([EVERY_OP, "x", "--top", "0"], 2, 'is "0"; give a number'),
        ([EVERY_OP, "x", "--top"], 2, "--top needs a value"),
        (["nothing.sbit", "x"], 1, "cannot open nothing.sbit"),
        ([__file__, "x"], 1, "does not begin with the mark"),
        ([EVERY_OP, "nothing.ppm"], 1, "cannot read nothing.ppm"),
        ([EVERY_OP, __file__], 1, "neither a PGM or PPM file nor the 90 raw bytes"),
        ([EVERY_OP, "-", "--isa", "sse9"], 1, "this processor can run"),
        ([EVERY_OP, "-", "--threads", "1000"], 1, "allowed are 1 to 256"),
    ],
)
def test_mistakes(arguments: list[str | Path], status: int, message: str) -> None:
    done = run(*arguments)
    assert done.returncode == status
    assert message in done.stderr.decode()
    assert done.stderr.decode().startswith("error: ")
    assert done.stderr.decode().count("\n") == 1
    assert done.stdout == b""


@pytest.mark.parametrize(
    "content",
    [b"P6 4", b"P6 4 4 65535\n" + bytes(96), b"P6 4 4 255\n" + bytes(47), b"P6 0 4 255\n", b"P6 9999999 1 255\n",
     b"P6 # no end", b"P5 99999 1 255\n" + bytes(99999)],
)  # fmt: skip
def test_broken_photos(content: bytes) -> None:
    done = run(EVERY_OP, "-", stdin=content)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: -: ")


def test_comments_in_a_header() -> None:
    done = run(EVERY_OP, "-", stdin=b"P6 # a comment\n# another\n5 6\n255\n" + bytes(90))
    assert done.returncode == 0, done.stderr
