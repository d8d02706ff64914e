"""Integers to signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.modelfile.bits import as_signs
from signbit.modelfile.ops.op import Array, Op, Record
from signbit.modelfile.ops.thresholds import Intervals, Tables, channel_kinds
from signbit.modelfile.ranges import Range
from signbit.modelfile.tensor import Tensor


@final
@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """+1 where the integer is in its channel's interval, or where the channel's table says so: int32 to bits.

    Attributes:
        intervals: one for each channel.
        tables: tables for channels that need more than an interval; None if no channel does.
    """

    kind: ClassVar[str] = "threshold"
    code: ClassVar[int] = 4
    input_types: ClassVar[tuple[str, ...]] = ("int32",)
    output_types: ClassVar[tuple[str, ...]] = ("bits",)
    slow_because: ClassVar[str] = (
        "integers are written and read again: a sign right after its binary product costs nothing"
    )

    intervals: Intervals
    tables: Tables | None = None

    def encode(self) -> tuple[list[Array], list[int]]:
        constants, attributes = self.tables.encode() if self.tables else ([], [])
        return [*self.intervals.encode(), *constants], attributes

    @classmethod
    def decode(cls, record: Record, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Threshold:
        (given,), _ = inputs, outputs
        split = 3 if record.attributes else len(record.constants)
        intervals = Intervals.decode(record.constants[:split], given.channels)
        tabled = record.constants[split:]
        tables = Tables.decode(tabled, record.attributes, given.channels) if record.attributes else None
        return cls(*record.ends, intervals, tables)

    def output_shapes(self, inputs: Sequence[Tensor]) -> list[tuple[int, int, int]]:
        return [inputs[0].shape]

    def reference(self, inputs: Sequence[Array], outputs: Sequence[Tensor]) -> list[Array]:
        positive = self.intervals.positive(inputs[0])
        return [as_signs(self.tables.apply(inputs[0], positive) if self.tables else positive)]

    def channel_kinds(self, inputs: Sequence[Range], tensors: Sequence[Tensor]) -> dict[str, NDArray[np.bool_]] | None:
        return channel_kinds(self.intervals, self.tables, inputs[0])
