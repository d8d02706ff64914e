"""Random model files: every kind of op in any order, on signs, integers and floats, with constants that ops share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from one_op import convert
from signbit.modelfile import ModelFile, Op, Tensor
from signbit.modelfile.bits import pack_signs
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.concat import Concat
from signbit.modelfile.ops.flatten import Flatten
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.select import Select
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import Intervals, Tables
from signbit.modelfile.ops.window import Window
from signbit.modelfile.steps import STEPS, Step
from signbit.preprocessing import Preprocessing

PLAIN = Window((1, 1))
ANY = ("int32", "float32", "bits")


class Maker:
    """A network in the making; each method of a kind adds an op that reads a tensor that is there."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.tensors = [Tensor("image", "uint8", self.pick(1, 2, 5), self.pick(1, 3), self.pick(1, 3, 65))]
        self.ops: list[Op] = []
        self.kept: list[tuple[Any, Any]] = []

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def source(self, *types: str) -> int:
        """A tensor of one of the types; made where there is none."""
        found = [i for i, tensor in enumerate(self.tensors) if tensor.dtype in types]
        if not found:
            {"int32": self.integer_conv, "float32": self.floats, "bits": self.signs}[types[0]]()
            return len(self.tensors) - 1
        return int(self.pick(*found))

    def shared(self, what: Any, make: Callable[[], Any]) -> Any:
        """A constant, often one that another op has too."""
        known = [constant for key, constant in self.kept if key == what]
        if known and self.pick(True, False):
            return self.pick(*known)
        self.kept.append((what, make()))
        return self.kept[-1][1]

    def floating(self, *shape: int) -> Any:
        return self.shared(("float32", shape), lambda: self.rng.standard_normal(shape).astype(np.float32))

    def mask(self, *shape: int) -> Any:
        return self.shared(("bool", shape), lambda: self.rng.random(shape) < 0.5)

    def integers(self, dtype: str, least: int, most: int, *shape: int) -> Any:
        key = dtype, least, most, shape
        return self.shared(key, lambda: self.rng.integers(least, most, shape).astype(dtype))

    def words(self, *shape: int) -> Any:
        return self.shared(("words", shape), lambda: pack_signs(self.rng.standard_normal(shape)))

    def intervals(self, channels: int) -> Intervals:
        def make() -> Intervals:
            low, high = (self.integers("int32", -3, 4, channels) for _ in range(2))
            return Intervals(low, high, self.mask(channels))

        made: Intervals = self.shared(("intervals", channels), make)
        return made

    def tables(self, channels: int) -> Tables:
        def make() -> Tables:
            return Tables(self.integers("int32", -1, 2, channels), self.mask(2, 70), -9)

        made: Tables = self.shared(("tables", channels), make)
        return made

    def add(self, op: Op, dtype: str, *shape: int) -> None:
        self.tensors.append(Tensor(self.pick("", "t", "d\u00f6g \u9ce5"), dtype, *shape))
        self.ops.append(replace(op, name=self.pick("op", "", "block.0"), outputs=(len(self.tensors) - 1,)))

    def integer_conv(self) -> None:
        x, outputs = self.tensors[0], self.pick(1, 4, 65)
        weights = self.integers("int8", -3, 4, outputs, 1, 1, x.channels)
        self.add(IntegerConv("", (0,), (), weights, PLAIN), "int32", x.height, x.width, outputs)

    def signs(self) -> None:
        source = self.pick(*[i for i, tensor in enumerate(self.tensors) if tensor.dtype != "bits"])
        self.add(convert("", source, 0), "bits", *self.tensors[source].shape)

    def floats(self) -> None:
        source = self.pick(*range(len(self.tensors)))
        shape, step = self.tensors[source].shape, self.pick(*STEPS)
        constants = tuple(self.floating(self.pick(1, shape[2])) for _ in range(2))
        steps = (Step(step, (0, 1, 2)[: STEPS[step].arity]),)
        self.add(Pointwise("", (source,), (), steps, constants, (self.pick(0, 2, 3),)), "float32", *shape)

    def binary_conv(self) -> None:
        source = self.source("bits")
        x, outputs = self.tensors[source], self.pick(1, 4, 65)
        weights, window = self.words(outputs, 3, 3, x.channels), Window((3, 3), padding=(1, 1))
        intervals = self.intervals(outputs) if self.pick(True, False) else None
        op = BinaryConv("", (source,), (), weights, window, 1, self.pick(-1, 0, 1), intervals)
        self.add(op, "bits" if intervals else "int32", x.height, x.width, outputs)

    def threshold(self) -> None:
        source = self.source("int32")
        x = self.tensors[source]
        tables = self.tables(x.channels) if self.pick(True, False) else None
        self.add(Threshold("", (source,), (), self.intervals(x.channels), tables), "bits", *x.shape)

    def lookup(self) -> None:
        source = self.source("int32")
        x = self.tensors[source]
        self.add(Lookup("", (source,), (), self.floating(x.channels, 5), -2), "float32", *x.shape)

    def max_pool(self) -> None:
        source = self.source(*ANY)
        x = self.tensors[source]
        minimum = self.mask(x.channels) if x.dtype != "float32" and self.pick(True, False) else None
        self.add(MaxPool("", (source,), (), PLAIN, minimum), x.dtype, *x.shape)

    def concat(self) -> None:
        source = self.source(*ANY)
        x = self.tensors[source]
        self.add(Concat("", (source, source), ()), x.dtype, x.height, x.width, 2 * x.channels)

    def flatten(self) -> None:
        source = self.source(*ANY)
        x = self.tensors[source]
        self.add(Flatten("", (source,), ()), x.dtype, 1, 1, x.pixels * x.channels)

    def select(self) -> None:
        source = self.source(*ANY)
        x, outputs = self.tensors[source], self.pick(1, 4, 65)
        index = self.integers("int32", -1, x.channels, outputs)
        self.add(Select("", (source,), (), index), x.dtype, x.height, x.width, outputs)

    def float_conv(self) -> None:
        source = self.source("float32")
        x = self.tensors[source]
        weights, bias = self.floating(4, 1, 1, x.channels), self.floating(4) if self.pick(True, False) else None
        self.add(FloatConv("", (source,), (), weights, PLAIN, 1, bias), "float32", x.height, x.width, 4)

    def finish(self) -> ModelFile:
        last = len(self.tensors) - 1
        self.add(convert("", last, 0), "float32", *self.tensors[last].shape)
        labels = self.pick((), tuple(f"class {i}" for i in range(self.tensors[-1].channels)))
        metadata = self.pick({}, {"by": "a test", "\u00e9": [1, 2.5, None]})
        photos = Preprocessing() if self.tensors[0].channels in (1, 3) and self.pick(True, False) else None
        return ModelFile(self.tensors, self.ops, 0, len(self.tensors) - 1, labels, metadata, photos)


KINDS = [
    "integer_conv",
    "signs",
    "floats",
    "binary_conv",
    "threshold",
    "lookup",
    "max_pool",
    "concat",
    "flatten",
    "select",
    "float_conv",
]


@st.composite
def model_files(draw: Any) -> ModelFile:
    """A model file that the engine loads."""
    maker = Maker(draw)
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8)):
        getattr(maker, kind)()
    return maker.finish()
