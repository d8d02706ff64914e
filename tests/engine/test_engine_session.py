"""Models and sessions as Python sees them."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from one_op import assert_same_record, random_signs
from signbit.engine import IsaError, Model, ModelFileError, Session, isas, pack_bits, supported_isas
from signbit.errors import SignbitError
from signbit.modelfile import ModelFile, Tensor, from_bytes, to_bytes, write
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import HIGHEST, Intervals
from signbit.modelfile.ops.window import Window
from signbit.modelfile.steps import Step

EVERY_OP = Path(__file__).parents[1] / "files/versions/v1_every_op.sbit"


def affine(shape: tuple[int, int, int] = (1, 1, 3)) -> ModelFile:
    tensors = [Tensor("x", "float32", *shape), Tensor("y", "float32", *shape)]
    constants = (np.full(shape[2], 2, np.float32), np.ones(1, np.float32))
    ops = [Pointwise("affine", (0,), (1,), (Step("fma", (0, 1, 2)),), constants, (3,))]
    return ModelFile(tensors, ops, 0, 1, [f"label {i}" for i in range(shape[2])], {"recipe": "none", "n": [1, 2]})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.sbit"
    size = write(affine(), path)
    model = Model.load(path)
    assert model.file_bytes == size == path.stat().st_size
    assert model.tensors == affine().tensors
    (op,) = model.ops
    assert_same_record(op, affine().ops[0])
    assert model.labels == ["label 0", "label 1", "label 2"]
    assert model.metadata == {"recipe": "none", "n": [1, 2]}
    assert (model.input_shape, model.input_dtype, model.output_shape) == ((1, 1, 3), np.float32, (1, 1, 3))
    assert isinstance(op, Pointwise)
    assert not op.constants[0].flags.writeable
    assert to_bytes(model.file) == path.read_bytes()


@pytest.mark.parametrize("isa", supported_isas())
def test_every_way_to_run_gives_the_same(isa: str) -> None:
    print("seed 7")
    model = Model.load(EVERY_OP)
    images = np.random.default_rng(7).integers(0, 256, (9, *model.input_shape)).astype(np.uint8)
    expected = model.session(isa="scalar").run(images)
    assert expected.shape == (9, 4)
    for threads, batch in ((1, 1), (2, 4), (3, 9), (1, 100)):
        session = model.session(threads=threads, isa=isa, batch=batch)
        assert (session.isa, session.threads, session.batch) == (isa, threads, batch)
        np.testing.assert_array_equal(session.run(images), expected)
        tensors = session.trace(images)
        np.testing.assert_array_equal(tensors[model.output].reshape(9, 4), expected)
        for i, op in enumerate(model.ops):
            outputs = session.run_op(i, [tensors[t] for t in op.inputs])
            for output, t in zip(outputs, op.outputs, strict=True):
                np.testing.assert_array_equal(output, tensors[t], err_msg=op.name)


def test_threads_share_one_session() -> None:
    model = Model.load(EVERY_OP)
    images = np.random.default_rng(8).integers(0, 256, (64, *model.input_shape)).astype(np.uint8)
    session = model.session(threads=2)
    expected = session.run(images)
    results: list[bool] = []
    work = [
        threading.Thread(target=lambda: results.append(bool((session.run(images) == expected).all()))) for _ in range(8)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert results == [True] * 8


def test_a_network_outlives_its_model() -> None:
    session = Model.load(EVERY_OP).session()
    assert session.run(np.zeros((0, 6, 5, 3), np.uint8)).shape == (0, 4)
    assert session.run(np.zeros((1, 6, 5, 3), np.uint8)).shape == (1, 4)


def test_forms_of_the_input() -> None:
    session = Model.from_bytes(to_bytes(affine())).session()
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.testing.assert_array_equal(session.run(x), 2 * x + 1)
    np.testing.assert_array_equal(session.run(x[:, None, None]), 2 * x + 1)
    np.testing.assert_array_equal(session.run(np.asfortranarray(x)[::-1]), 2 * x[::-1] + 1)
    read_only = x.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(session.run(read_only), 2 * x + 1)
    image = Model.from_bytes(to_bytes(affine((4, 5, 3)))).session()
    assert image.run(np.zeros((2, 4, 5, 3), np.float32)).shape == (2, 4, 5, 3)


def test_wrong_inputs_are_refused() -> None:
    session = Model.from_bytes(to_bytes(affine((4, 5, 3)))).session()
    image = np.zeros((4, 5, 3), np.float32)
    with pytest.raises(ValueError, match="add the batch axis"):
        session.run(image)
    with pytest.raises(ValueError, match=r"\[N, 4, 5, 3\]"):
        session.run(np.zeros((1, 3, 4, 5), np.float32))
    with pytest.raises(TypeError, match="takes float32 and was given float64"):
        session.run(np.zeros((1, 4, 5, 3)))
    with pytest.raises(TypeError, match="numpy array"):
        session.run([[1.0]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="takes 1"):
        session.run_op(0, [image[None], image[None]])
    with pytest.raises(IndexError, match="the model has 1"):
        session.run_op(1, [image[None]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_check_finite(bad: float) -> None:
    session = Model.from_bytes(to_bytes(affine())).session()
    x = np.float32([[1, bad, 2]])
    with pytest.raises(ValueError, match="check_finite"):
        session.run(x, check_finite=True)
    assert session.run(x).shape == (1, 3)


def test_wrong_options_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model.load(EVERY_OP)
    for options in ({"threads": 0}, {"threads": 257}, {"batch": 0}, {"batch": -3}, {"batch": 65537}):
        with pytest.raises(ValueError, match=r"threads|batch"):
            model.session(**options)  # type: ignore[arg-type]
    with pytest.raises(IsaError, match=f"mmx.*{', '.join(supported_isas())}"):
        model.session(isa="mmx")
    monkeypatch.setenv("SIGNBIT_ISA", "scalar")
    assert model.session().isa == "scalar"
    monkeypatch.setenv("SIGNBIT_ISA", "mmx")
    with pytest.raises(IsaError, match="SIGNBIT_ISA"):
        model.session()
    assert set(supported_isas()) <= set(isas())
    assert isas()[-1] == "scalar"


def test_a_bad_file_says_of_what_kind() -> None:
    good = EVERY_OP.read_bytes()
    for content, kind in ((b"", "not_a_model"), (good[:400], "truncated"), (good[:-1] + b"\1", "layout")):
        with pytest.raises(ModelFileError) as caught:
            Model.from_bytes(content)
        assert caught.value.kind == kind
        assert isinstance(caught.value, SignbitError)
    with pytest.raises(ModelFileError, match="no-such-file") as caught:
        Model.load("no-such-file.sbit")
    assert caught.value.kind == "io"


def test_metadata_that_is_no_object() -> None:
    model = ModelFile(affine().tensors, affine().ops, 0, 1, (), ["a list"])  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match="not an object"):
        _ = Model.from_bytes(to_bytes(model)).metadata


@pytest.mark.parametrize("path", sorted(EVERY_OP.parent.glob("*.sbit")), ids=lambda path: path.stem)
def test_the_file_of_a_model_is_what_numpy_reads(path: Path) -> None:
    model, file = Model.load(path), from_bytes(path.read_bytes())
    assert to_bytes(model.file) == to_bytes(file)
    for op, known in zip(model.ops, file.ops, strict=True):
        assert_same_record(op, known)


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("images", [1, 5, 48, 50])
def test_a_dense_network_over_a_batch(isa: str, images: int) -> None:
    """Linear layers reuse their weights over the batch, and split their outputs over the threads."""
    print("seed", images)
    rng = np.random.default_rng(images)
    stem = rng.integers(-127, 128, (200, 1, 1, 7)).astype(np.int8)
    weights = random_signs(rng, (130, 1, 1, 200))
    tensors = [Tensor("x", "uint8", 1, 1, 7), Tensor("n", "int32", 1, 1, 200), Tensor("b", "bits", 1, 1, 200)]
    tensors.append(Tensor("y", "int32", 1, 1, 130))
    at_least_0 = Intervals(np.zeros(200, np.int32), np.full(200, HIGHEST, np.int32), np.zeros(200, bool))
    ops = [
        IntegerConv("stem", (0,), (1,), stem, Window((1, 1))),
        Threshold("sign", (1,), (2,), at_least_0),
        BinaryConv("dense", (2,), (3,), pack_bits(weights), Window((1, 1))),
    ]
    model = Model.from_bytes(to_bytes(ModelFile(tensors, ops, 0, 3)))
    x = rng.integers(0, 256, (images, 7)).astype(np.uint8)
    hidden = (x.astype(np.int64) - 128) @ stem.reshape(200, 7).T.astype(np.int64)
    expected = np.where(hidden >= 0, 1, -1) @ weights.reshape(130, 200).T.astype(np.int64)
    for threads, batch in ((1, 1), (2, 1), (2, images), (4, 7)):
        np.testing.assert_array_equal(model.session(threads=threads, isa=isa, batch=batch).run(x), expected)


def test_the_engine_imports_no_torch() -> None:
    code = "import sys, signbit.engine, signbit.modelfile; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert Session.__module__ == "signbit.engine.session"


class OnlyDlpack:
    """A tensor of some other library: nothing but the protocol."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **given: object) -> object:
        return self.array.__dlpack__(**given)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_tensors_by_dlpack() -> None:
    torch = pytest.importorskip("torch")
    model = Model.load(EVERY_OP)
    images = np.random.default_rng(3).integers(0, 256, (4, *model.input_shape)).astype(np.uint8)
    session = model.session()
    expected = session.run(images)
    np.testing.assert_array_equal(session.run(OnlyDlpack(images)), expected)
    np.testing.assert_array_equal(session.run(torch.from_numpy(images)), expected)
    channels_first = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    np.testing.assert_array_equal(session.run(channels_first.permute(0, 2, 3, 1)), expected)  # not contiguous
    with pytest.raises(TypeError, match="give a numpy array or a DLPack tensor of uint8"):
        session.run(images.tolist())
    real = Model.from_bytes(to_bytes(affine())).session()
    with pytest.raises(TypeError, match="without gradient"):
        real.run(torch.zeros(1, 3, requires_grad=True))
    with pytest.raises(TypeError, match="float64"):
        real.run(torch.zeros(1, 3, dtype=torch.float64))


def test_profile() -> None:
    model = Model.load(EVERY_OP)
    images = np.zeros((2, *model.input_shape), np.uint8)
    session = model.session(batch=2)
    times = session.profile(images)
    assert len(times) == len(model.ops)
    assert min(times) >= 0
    assert sum(times) > 0
    with pytest.raises(ValueError, match=r"3 images at once.*batch is 2"):
        session.profile(np.zeros((3, *model.input_shape), np.uint8))
