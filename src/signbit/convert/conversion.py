"""The steps of a conversion: capture, lowering, proof, loading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from signbit.convert import Conversion
from signbit.convert.capture import capture_copy, check_example, eval_copy
from signbit.convert.lowering import Lowering
from signbit.convert.node import place
from signbit.convert.proof import prove_graph
from signbit.convert.rehearsal import isolated, rehearse
from signbit.engine import Model
from signbit.errors import ConvertError, ModelFileError
from signbit.modelfile import to_bytes
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.preprocessing import Preprocessing

_NOT_BINARY = (
    "the outermost module: no layer of the network is binary; every product uses real values. Build it with "
    "BinaryConv2d and BinaryLinear, or set its binarizers to mode 'binary'"
)


@isolated()
def run_conversion(
    module: nn.Module,
    example: Tensor,
    labels: Sequence[str],
    metadata: Mapping[str, Any],
    preprocessing: Preprocessing | None,
) -> Conversion:
    """See `signbit.convert.convert`."""
    example = check_example(example)
    copied = eval_copy(module)
    graph = capture_copy(copied, example, rehearse(copied, example))
    lowering = Lowering(graph)
    finished = lowering.run(labels, metadata, preprocessing)  # before the proof: a refusal takes no time then
    odd = prove_graph(copied, graph, example)
    _load(to_bytes(finished.model), lowering)
    warnings = [*lowering.warnings, *odd]
    if not any(isinstance(op, BinaryConv) for op in finished.model.ops):
        warnings.append(_NOT_BINARY)
    folded = {finished.numbers[old]: found for old, found in lowering.folded.items() if old in finished.numbers}
    return Conversion(finished.model, lowering.report, warnings, graph, finished.nodes, folded)


def _load(content: bytes, lowering: Lowering) -> None:
    """Check that the engine loads the file."""
    try:
        Model.from_bytes(content)
    except ModelFileError as error:
        message = str(error).removeprefix("model file: ")
        node = next((node for name, node in lowering.draft.op_nodes.items() if f'"{name}"' in message), None)
        where = f"{place(node)}: " if node is not None else ""
        raise ConvertError(f"{where}the engine refuses the model file: {message}") from error
