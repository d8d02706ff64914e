"""A whole network: its tensors, its ops in the order in which they run, and what travels with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signbit.modelfile.ops.op import Op
from signbit.modelfile.tensor import Tensor
from signbit.preprocessing import Preprocessing


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes:
        tensors: what the ops read and write.
        ops: the steps, in the order in which they run.
        input, output: indices into ``tensors``.
        labels: one name for each output channel, or none.
        metadata: JSON values that travel with the file.
        preprocessing: how a photo becomes the input, which is uint8 with 1 or 3 channels then; None says nothing.
    """

    tensors: Sequence[Tensor]
    ops: Sequence[Op]
    input: int
    output: int
    labels: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None
