"""Compare a model file with the module it was converted from.

Results that can be exact must be exact; all others are bounded and counted:

- the file equals a new conversion of the module, op by op;
- thresholds, lookup tables and outputs that are functions of integers are compared with torch on every integer that can
  reach them;
- on images, each op runs on torch's own inputs: integers, and bits that come from integers, must be equal; a float must
  be within the bound of its op; a bit that comes from a float may differ only if that float is closer to zero than the
  bound;
- each op alone gives the same bits as within a run of the whole network;
- the captured graph gives the module's own output;
- the engine's run of the whole network agrees with torch, given the engine's values of the bits that come from floats
  (`network`).
"""

from __future__ import annotations

from signbit.extras import need

need("torch", __name__)

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

import torch
from torch import Tensor, nn

from signbit.convert import Conversion, convert
from signbit.convert.adversarial import adversarial_inputs
from signbit.convert.capture import Graph, eval_copy
from signbit.convert.proof import same
from signbit.convert.rehearsal import isolated
from signbit.engine import Model
from signbit.preprocessing import Preprocessing
from signbit.verify.compare import Array, Comparison, OpResult, equal
from signbit.verify.file import differences, structure
from signbit.verify.folded import compare_folded
from signbit.verify.layout import CannotHold, input_array
from signbit.verify.network import is_exact, unexplained
from signbit.verify.verification import Verification

BATCHED = 4  # images at once in the second session; the adversarial batches of 1, 3 and 5 leave remainders
_MOST_BYTES = 2**28  # of torch's values at once

__all__ = ["OpResult", "Verification", "verify"]


@isolated()
def verify(
    module: nn.Module,
    model: Model,
    images: Tensor,
    *,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    isa: str | None = None,
    threads: int = 1,
    batch: int = 64,
    conversion: Conversion | None = None,
) -> Verification:
    """Compare a module with the model file it was converted to.

    Args:
        module: the module that was given to `convert`; a copy of it runs in eval mode, float32, on the CPU.
        model: the loaded model file.
        images: real inputs [N, C, H, W] or [N, F], of the model's input type, at least one.
        labels: the class names that the file must have, in order; an empty list means that it must have none, None that
            they are not compared.
        preprocessing: the preprocessing that the file must have; None means that it is not compared.
        isa: instruction set of the engine; the best one by default.
        threads: number of threads of the engine.
        batch: number of images to run at once; reduced if torch's values for them would take more than 256 MB.
        conversion: an existing conversion of the module; by default the module is converted again.

    Raises:
        TypeError: the images are not a torch tensor.
        ValueError: there are no images, the model file does not accept them, or ``batch`` is less than 1.
        ConvertError: the module cannot be converted.
    """
    images = _checked_images(images, model)
    if batch < 1:
        raise ValueError(f"batch is {batch}; it must be 1 or more")
    one, several = model.session(threads=threads, isa=isa), model.session(threads=threads, isa=isa, batch=BATCHED)
    again = conversion is None
    if conversion is None:
        conversion = convert(module, images[:2])
    found = Verification(isa=one.isa, reconverted=again, warnings=list(conversion.warnings))
    _check_file(found, conversion, model, labels, preprocessing)
    if structure(conversion.model) != structure(model.file):
        found.errors.insert(0, "the model file was not converted from this module; convert it again")
        return found
    exhaustive = compare_folded(one, conversion.folded)
    found.channels, found.integers = exhaustive.channels, exhaustive.integers
    found.errors += exhaustive.errors
    comparison = Comparison(conversion, model, one, several)
    found.exact, found.ops = is_exact(comparison), comparison.results
    copied = eval_copy(module)
    for name, inputs, awkward in _batches(images, min(batch, _at_once(conversion.graph))):
        found.awkward_images += len(inputs) if awkward else 0
        _check_batch(comparison, found, name, inputs, copied)
    return found


def _checked_images(images: Tensor, model: Model) -> Tensor:
    if not isinstance(images, Tensor):
        raise TypeError(f"the images are a {type(images).__module__}.{type(images).__qualname__}; give a torch.Tensor")
    height, width, channels = model.input_shape
    wanted = [(channels, height, width)] + ([(channels,)] if height == width == 1 else [])
    dtype = {"uint8": torch.uint8, "float32": torch.float32}[model.input_dtype.name]
    if tuple(images.shape[1:]) not in wanted or images.dtype != dtype:
        shape = ", ".join(map(str, wanted[-1]))
        raise ValueError(
            f"the images are {images.dtype} of shape {list(images.shape)}; this model file takes {dtype} [N, {shape}]"
        )
    if not len(images):
        raise ValueError("there are no images; give at least one")
    return images.detach().cpu()


def _at_once(graph: Graph) -> int:
    """For how many images torch's values may be kept."""
    values = [node.meta.get("val") for node in graph.nodes]
    elements = sum(prod(map(int, value.shape[1:])) for value in values if isinstance(value, Tensor))
    return max(1, _MOST_BYTES // max(1, 4 * elements))


def _check_file(
    found: Verification,
    conversion: Conversion,
    model: Model,
    labels: Sequence[str] | None,
    preprocessing: Preprocessing | None,
) -> None:
    given = model.file
    wanted = replace(
        conversion.model,
        labels=given.labels if labels is None else list(labels),
        preprocessing=given.preprocessing if preprocessing is None else preprocessing,
    )
    found.labels_compared, found.preprocessing_compared = labels is not None, preprocessing is not None
    found.errors += differences(wanted, given)


def _batches(images: Tensor, batch: int) -> Iterator[tuple[str, Tensor, bool]]:
    for name, inputs in adversarial_inputs(tuple(images.shape[1:]), images.dtype):
        yield name, inputs, True
    for first in range(0, len(images), batch):
        yield f"image {first}", images[first : first + batch], False


def _check_batch(comparison: Comparison, found: Verification, name: str, inputs: Tensor, module: nn.Module) -> None:
    graph = comparison.conversion.graph
    values = graph.run(inputs)
    with torch.no_grad():
        output = module(inputs)
    if not same(values[graph.output], output):
        found.errors.append(f"the captured graph, {name}: its output differs from the module's")
    try:
        arrays = comparison.arrays(values)
    except CannotHold as error:
        found.errors.append(f"the conversion, {name}: {error}")
        return
    _check_ops(comparison, found, name, arrays)
    _check_network(comparison, found, name, inputs, arrays)


def _check_ops(comparison: Comparison, found: Verification, name: str, arrays: list[Array | None]) -> None:
    failed = {op.index for op in comparison.results if op.error}
    comparison.check_ops(arrays)
    for op in comparison.results:
        if op.error and op.index not in failed:
            found.errors.append(f"op {op.index} ({op.kind} {op.name}), {name}: {op.error}")


def _check_network(
    comparison: Comparison, found: Verification, name: str, inputs: Tensor, arrays: list[Array | None]
) -> None:
    layout = input_array(inputs)
    trace, got = comparison.session.trace(layout), comparison.session.run(layout)
    wrong, flips = unexplained(comparison, inputs, arrays, trace)
    faults = [wrong, comparison.apart(trace)]
    if comparison.batched.run(layout).tobytes() != got.tobytes():
        faults.append(f"{BATCHED} images at once give a different result from one at a time")
    if trace[comparison.model.output].tobytes() != got.tobytes():
        faults.append("a run that keeps every tensor gives a different result")
    found.errors += [f"whole network, {name}: {fault}" for fault in faults if fault]
    found.network_flips += flips
    _count(comparison, found, arrays, trace, explained=not wrong)


def _count(
    comparison: Comparison, found: Verification, arrays: list[Array | None], trace: list[Array], *, explained: bool
) -> None:
    wanted, got = arrays[comparison.model.output], trace[comparison.model.output]
    assert wanted is not None
    found.images += len(got)
    found.equal_outputs += int(equal(wanted, got).reshape(len(got), -1).all(1).sum())
    differing = (wanted.argmax(-1) != got.argmax(-1)).reshape(len(got), -1).any(1)
    found.mismatched_predictions += int(differing.sum())
    found.traced += int(differing.sum()) if explained else 0
