"""Verify passes what is right, fails what is wrong, and says which images it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor, nn

from signbit import models
from signbit.convert import convert
from signbit.engine import Model, Session, supported_isas
from signbit.errors import ConvertError, IsaError
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.pixels import Normalize
from signbit.modelfile import ModelFile, to_bytes
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.preprocessing import Preprocessing
from signbit.verify import Verification, _count, verify

CASES = (small_networks.integers, small_networks.tables, small_networks.residual, small_networks.ties)
AWKWARD_PIXELS, AWKWARD_FLOATS = 13, 14


def verified(case: small_networks.Case, model: ModelFile | None = None, **arguments: Any) -> Verification:
    loaded = case.model if model is None else Model.from_bytes(to_bytes(model))
    return verify(case.module, loaded, case.images, **({"conversion": case.conversion} | arguments))


def with_op(model: ModelFile, index: int, **fields: Any) -> ModelFile:
    ops = list(model.ops)
    ops[index] = replace(ops[index], **fields)
    return replace(model, ops=ops)


# ---- what is right passes


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("case", CASES)
def test_a_right_file_passes_on_every_instruction_set(case: Callable[[], small_networks.Case], isa: str) -> None:
    made = case()
    found = verified(made, isa=isa)
    assert found.ok, found.errors
    assert found.isa == isa
    awkward = AWKWARD_PIXELS if made.images.dtype == torch.uint8 else AWKWARD_FLOATS
    assert (found.awkward_images, found.images) == (awkward, awkward + len(made.images))
    assert found.exact == (case in (small_networks.integers, small_networks.tables))
    assert found.mismatched_predictions == found.traced
    if found.exact:
        assert found.equal_outputs == found.images
        assert (found.mismatched_predictions, found.flips, found.network_flips) == (0, 0, 0)
        assert found.channels > 0
    assert [op.kind for op in found.ops] == [op.kind for op in made.conversion.model.ops]
    assert all(op.worst <= 1 and not op.error for op in found.ops)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, 4, 5, 64])
def test_threads_and_batches_change_nothing(threads: int, batch: int) -> None:
    found = verified(small_networks.residual(), threads=threads, batch=batch)
    assert found.ok, found.errors
    assert found.images == AWKWARD_PIXELS + 6


def test_a_network_of_ours_is_converted_again() -> None:
    torch.manual_seed(7)
    made = models.create("binarynet", width=0.0625, image_size=8, norm="abn", stem="binary", head="real").eval()
    images = small_networks.pixels(4, 8)
    found = verify(made, Model.from_bytes(convert(made, images).to_bytes()), images)
    assert found.ok, found.errors
    assert found.reconverted
    assert not verified(small_networks.integers()).reconverted


def test_vectors_verify_too() -> None:
    torch.manual_seed(2)
    module = nn.Sequential(BinaryLinear(70, 33), nn.BatchNorm1d(33), nn.Hardtanh(), BinaryLinear(33, 4))
    case = small_networks.made(lambda: module, torch.randn(9, 70))
    assert verified(case).ok
    as_images = replace(case, images=case.images[:, :, None, None])
    with pytest.raises(RuntimeError):  # what the module itself makes of them
        verified(as_images)


class Head(nn.Module):
    """An integer stem, a real stream, and one number, a map of one channel or a map of several."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.stem, self.norm0 = small_networks.stem(8), small_networks.norm(8)
        self.conv, self.norm = BinaryConv2d(8, 8, 3, padding=1), small_networks.norm(8)
        heads = {
            "number": nn.Sequential(nn.Flatten(), nn.Linear(8 * 36, 1)),
            "map": nn.Conv2d(8, 1, 1),
            "maps": nn.Conv2d(8, 5, 3),
        }
        self.head = heads[kind]

    def forward(self, images: Tensor) -> Tensor:
        y = self.norm0(self.stem(images))
        y = y + self.norm(self.conv(y))
        y[:, :4] = 0
        output: Tensor = self.head(y)
        return output


@pytest.mark.parametrize("kind", ["number", "map", "maps"])
def test_outputs_are_compared_and_not_their_classes(kind: str) -> None:
    case = small_networks.made(lambda: Head(kind))
    found = verified(case)
    assert found.ok, found.errors
    assert found.mismatched_predictions == found.traced
    model = case.conversion.model
    last = model.ops[-1]
    wrong = with_op(model, len(model.ops) - 1, bias=last.bias + np.float32(1e-3))  # type: ignore[attr-defined]
    found = verified(case, wrong)
    assert f"op {last_index(model)} (float_conv {last.name}), zeros: a float of " in found.errors[1]
    assert (
        f"whole network, zeros: op {last_index(model)} (float_conv {last.name}): a float differs from torch's by "
        in "\n".join(found.errors)
    )


def last_index(model: ModelFile) -> int:
    return len(model.ops) - 1


# ---- what is wrong is found


def test_a_file_that_was_changed_is_told_first() -> None:
    case = small_networks.tables()
    index = next(i for i, op in enumerate(case.conversion.model.ops) if isinstance(op, BinaryConv))
    op = case.conversion.model.ops[index]
    assert isinstance(op, BinaryConv)
    weights = op.weights.copy()
    weights[0, 0, 0, 0] ^= np.uint64(1)
    found = verified(case, with_op(case.conversion.model, index, weights=weights))
    assert not found.ok
    what = f"op {index} (binary_conv {op.name})"
    assert found.errors[0].startswith(f"{what}: constant 0: 1 of {op.weights.size} elements differ")
    assert found.errors[1].startswith(f"{what}, zeros: ")
    assert found.errors[1].endswith("; this op is exact")
    assert f"whole network, zeros: {what}: " in "\n".join(found.errors)
    assert sum(error.startswith(f"{what}, ") for error in found.errors) == 1  # an op's fault is told once
    assert found.ops[index].error
    assert found.equal_outputs < found.images


def test_another_modules_file_is_not_run() -> None:
    case, other = small_networks.tables(), small_networks.integers()
    found = verify(case.module, other.model, case.images, conversion=case.conversion)
    assert found.errors[0] == "the model file was not converted from this module; convert it again"
    assert any(error.startswith("tensor 1: ") for error in found.errors)
    assert (found.images, found.channels, found.ops, found.exact) == (0, 0, [], False)
    assert found.compared[1] == "On images: nothing."


def test_a_module_that_was_trained_on_is_another() -> None:
    case = small_networks.tables()
    module = small_networks.Tables().eval()
    found = verify(module, case.model, case.images)
    assert not found.ok
    assert found.reconverted
    assert any("elements differ from what the module gives" in error for error in found.errors)


def test_a_conversion_of_another_module_is_found() -> None:
    """The file is that conversion, and the graph is the other module's."""
    case = small_networks.tables()
    other = small_networks.Tables().eval()
    found = verify(other, case.model, case.images, conversion=case.conversion)
    assert found.errors[0] == "the captured graph, zeros: its output differs from the module's"
    assert all(error.startswith("the captured graph, ") for error in found.errors)


def test_labels_are_compared_in_their_order() -> None:
    case = small_networks.tables()
    names = list(small_networks.LABELS)
    assert verified(case, labels=names).ok
    assert verified(case, labels=names).labels_compared
    assert verified(case).ok
    assert not verified(case).labels_compared
    swapped = [names[1], names[0], *names[2:]]
    words = "class names: class 0 is 'ant' in the file and 'bee' in the checkpoint"
    assert verified(case, labels=swapped).errors == [words]
    assert verified(case, labels=[]).errors == ["class names: the file has 5, the checkpoint 0"]
    assert verified(case, labels=[]).labels_compared
    without = replace(case.conversion.model, labels=[])
    assert verified(case, without, labels=[]).ok
    assert verified(case, without, labels=names).errors == ["class names: the file has 0, the checkpoint 5"]
    assert verified(case, without).ok


def test_the_preprocessing_is_compared() -> None:
    case = small_networks.tables()
    assert verified(case, preprocessing=small_networks.PHOTOS).ok
    assert verified(case, preprocessing=small_networks.PHOTOS).preprocessing_compared
    assert not verified(case).preprocessing_compared
    found = verified(case, preprocessing=Preprocessing(0, "bicubic"))
    assert found.errors == [
        "preprocessing: the file has Preprocessing(resize=0, filter='bilinear'), the checkpoint "
        "Preprocessing(resize=0, filter='bicubic')"
    ]
    without = replace(case.conversion.model, preprocessing=None)
    assert verified(case, without).ok
    assert not verified(case, without, preprocessing=small_networks.PHOTOS).ok


def test_the_warnings_of_the_conversion_are_passed_on() -> None:
    case = small_networks.integers()
    conversion = replace(case.conversion, warnings=["odd"])
    assert verified(case, conversion=conversion).warnings == ["odd"]
    found = verified(case, conversion=conversion)
    found.warnings.append("more")
    assert conversion.warnings == ["odd"]


def test_a_tensor_that_cannot_hold_its_node_is_told() -> None:
    case = small_networks.tables()
    nodes = list(case.conversion.nodes)
    bits, integers = 2, 1
    nodes[bits] = nodes[integers]
    found = verified(case, conversion=replace(case.conversion, nodes=nodes))
    name = case.conversion.model.tensors[bits].name
    assert found.errors[0] == f"the conversion, zeros: torch's {name!r} is not all +1 or -1; the model file holds bits"
    assert found.images == 0


# ---- an engine that does not agree with itself


def test_a_batch_that_gives_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Session.run

    def run(session: Session, images: Any, **arguments: Any) -> Any:
        output = right(session, images, **arguments)
        return output + np.float32(1) if session.batch == 4 and len(images) == 3 else output

    monkeypatch.setattr(Session, "run", run)
    found = verified(small_networks.tables())
    assert found.errors == ["whole network, noise: 4 images at once give a different result from one at a time"]


def test_a_trace_that_gives_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Session.run
    monkeypatch.setattr(Session, "run", lambda session, images: right(session, images) + np.float32(1))
    found = verified(small_networks.tables())
    assert found.errors[0] == "whole network, zeros: a run that keeps every tensor gives a different result"
    assert len(found.errors) == 8


def test_an_op_that_gives_something_else_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A float within its bound in the whole network, but not what the op gives alone."""
    case = small_networks.residual()
    right, last = Session.trace, last_index(case.conversion.model)

    def trace(session: Session, images: Any) -> Any:
        arrays = right(session, images)
        output = session.model.ops[last].outputs[0]
        arrays[output] = np.nextafter(arrays[output], np.float32(99))
        return arrays

    monkeypatch.setattr(Session, "trace", trace)
    found = verified(case)
    name = case.conversion.model.ops[last].name
    assert found.errors[:2] == [
        f"whole network, zeros: op {last} (float_conv {name}) gives a different result alone than within the network",
        "whole network, zeros: a run that keeps every tensor gives a different result",
    ]


# ---- what is given


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (torch.zeros(2, 3, 6, 6), "torch.float32 of shape [2, 3, 6, 6]"),
        (torch.zeros(2, 3, 6, 7, dtype=torch.uint8), "torch.uint8 of shape [2, 3, 6, 7]"),
        (torch.zeros(3, 6, 6, dtype=torch.uint8), "torch.uint8 of shape [3, 6, 6]"),
        (torch.zeros(2, 108, dtype=torch.uint8), "torch.uint8 of shape [2, 108]"),
        (torch.zeros(2, 3, 6, 6, dtype=torch.int64), "torch.int64 of shape [2, 3, 6, 6]"),
    ],
)
def test_other_images_are_refused(images: Tensor, shape: str) -> None:
    case = small_networks.tables()
    with pytest.raises(ValueError, match="the images are") as error:
        verify(case.module, case.model, images, conversion=case.conversion)
    assert str(error.value) == f"the images are {shape}; this model file takes torch.uint8 [N, 3, 6, 6]"


def test_other_vectors_are_refused() -> None:
    module = nn.Sequential(BinaryLinear(7, 4)).eval()
    case = small_networks.made(lambda: module, torch.randn(3, 7))
    with pytest.raises(ValueError, match=r"float32 of shape \[3, 8\]; this model file takes torch.float32 \[N, 7\]$"):
        verify(module, case.model, torch.zeros(3, 8), conversion=case.conversion)


def test_no_images_and_no_tensor_are_refused() -> None:
    case = small_networks.tables()
    with pytest.raises(ValueError, match=r"^there are no images; give at least one$"):
        verify(case.module, case.model, case.images[:0], conversion=case.conversion)
    with pytest.raises(TypeError, match=r"^the images are a numpy.ndarray; give a torch.Tensor$"):
        verify(case.module, case.model, case.images.numpy(), conversion=case.conversion)  # type: ignore[arg-type]
    one = verify(case.module, case.model, case.images[:1], conversion=case.conversion)
    assert one.ok
    assert one.images == AWKWARD_PIXELS + 1


def test_what_is_counted_are_images() -> None:
    """Of three images of two pixels, the first differs in both pixels and the last in none."""
    wanted = np.float32([[[[1, 0]], [[1, 0]]], [[[1, 0]], [[0, 1]]], [[[0, 1]], [[0, 1]]]])
    got = wanted.copy()
    got[0] = got[0, ..., ::-1]
    comparison: Any = SimpleNamespace(model=SimpleNamespace(output=0))
    for explained in (True, False):
        found = Verification("scalar")
        _count(comparison, found, [wanted], [got], explained=explained)
        assert (found.images, found.equal_outputs, found.mismatched_predictions) == (3, 2, 1)
        assert found.traced == int(explained)


def test_options_go_by_name() -> None:
    case = small_networks.residual()
    with pytest.raises(TypeError, match="positional"):
        verify(case.module, case.model, case.images, ["a"])  # type: ignore[misc]


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_holds_at_least_one_image(batch: int) -> None:
    with pytest.raises(ValueError, match=rf"^batch is {batch}; it must be 1 or more$"):
        verified(small_networks.tables(), batch=batch)


def test_images_are_run_in_batches_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    case = small_networks.tables()
    seen: list[int] = []
    right = Session.trace

    def trace(session: Session, images: Any) -> Any:
        seen.append(len(images))
        return right(session, images)

    monkeypatch.setattr(Session, "trace", trace)
    verified(case)
    assert seen[-1:] == [6]
    verified(case, batch=4)
    assert seen[-2:] == [4, 2]
    values = case.conversion.graph.run(case.images[:1])
    computed = [values[node] for node in case.conversion.graph.nodes]
    bytes_each = 4 * sum(value.numel() for value in computed if isinstance(value, Tensor))
    monkeypatch.setattr("signbit.verify._MOST_BYTES", 3 * bytes_each)
    verified(case)
    assert seen[-2:] == [3, 3]
    monkeypatch.setattr("signbit.verify._MOST_BYTES", 3 * bytes_each - 1)
    verified(case)
    assert seen[-3:] == [2, 2, 2]
    monkeypatch.setattr("signbit.verify._MOST_BYTES", 1)
    found = verified(case)
    assert seen[-6:] == [1] * 6
    assert found.ok


def test_an_instruction_set_that_there_is_not() -> None:
    with pytest.raises(IsaError):
        verified(small_networks.tables(), isa="mmx")


def test_a_module_that_does_not_convert() -> None:
    case = small_networks.tables()
    with pytest.raises(ConvertError):
        verify(nn.Sequential(Normalize([0.5] * 3, [0.2] * 3), nn.Softmax(1)).eval(), case.model, case.images)


def test_the_module_is_not_changed() -> None:
    case = small_networks.residual()
    case.module.train()
    try:
        found = verified(case)
        assert found.ok, found.errors
        assert case.module.training
    finally:
        case.module.eval()


def test_images_that_are_not_finite_are_compared_too() -> None:
    case = small_networks.ties()
    images = case.images.clone()
    images[0, 0, 0, 0], images[1, 1, 1, 1], images[2, 3, 0, 2] = torch.nan, torch.inf, -torch.inf
    found = verify(case.module, case.model, images, conversion=case.conversion)
    assert found.ok, found.errors


def test_a_stem_of_another_type_of_integers() -> None:
    case = small_networks.integers()
    stem = case.conversion.model.ops[0]
    assert isinstance(stem, IntegerConv)
    weights = stem.weights.copy()
    weights[0, 0, 0, 0] *= -1
    found = verified(case, with_op(case.conversion.model, 0, weights=weights))
    assert found.errors[0].startswith(f"op 0 (integer_conv {stem.name}): constant 0: 1 of 162 elements differ")
    assert found.ops[0].error.endswith("this op is exact")
