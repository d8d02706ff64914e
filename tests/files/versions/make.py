"""Write small model files of the present version of the format, with what the engine makes of a fixed input.

Never write again what is here, only add: these files stand for those that users have. So a file that exists is left as
it is; a new version of the format, or a new op, gets names of its own.

    python tests/files/versions/make.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signbit.engine import Model, pack_bits
from signbit.modelfile import ModelFile, Tensor, ops, write
from signbit.modelfile.layout import VERSION
from signbit.modelfile.ops import Record
from signbit.modelfile.steps import step_kind

HERE = Path(__file__).parent
IMAGES = 2
PLAIN = [1, 1, 1, 1, 0, 0, 1, 1]  # kernel, stride, padding, dilation of a 1x1 window


class Numbers:
    """Constants that are the same in every run."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def signs(self, *shape: int) -> np.ndarray:
        return pack_bits((1 - 2 * self.rng.integers(0, 2, shape)).astype(np.int8))

    def integers(self, dtype: str, least: int, most: int, *shape: int) -> np.ndarray:
        return self.rng.integers(least, most, shape).astype(dtype)

    def floats(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape).astype(np.float32)

    def interval(self, channels: int, reach: int) -> list[np.ndarray]:
        low, high = self.integers("i4", -reach, 5, channels), self.integers("i4", -5, reach, channels)
        return [low, high, self.signs(channels)]


def image(height: int, width: int, channels: int, dtype: str = "uint8") -> Tensor:
    return Tensor("image", dtype, height, width, channels)


def code(step: str) -> int:
    return step_kind(step).code


def network(
    tensors: Sequence[Tensor],
    records: Sequence[Record],
    input: int,
    output: int,
    labels: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> ModelFile:
    return ModelFile(
        tensors, [ops.decode(record, tensors) for record in records], input, output, labels, metadata or {}
    )


def integer_conv(n: Numbers) -> ModelFile:
    weights = n.integers("i1", -127, 128, 5, 3, 2, 3)
    tensors = [image(7, 6, 3), Tensor("sums", "int32", 4, 6, 5)]
    return network(tensors, [Record("integer_conv", "stem", [0], [1], [weights], [3, 2, 2, 1, 1, 1, 1, 2])], 0, 1)


def float_conv(n: Numbers) -> ModelFile:
    tensors = [image(5, 4, 6, "float32"), Tensor("real", "float32", 5, 4, 18), Tensor("scores", "float32", 1, 1, 3)]
    records = [
        Record("float_conv", "grouped", [0], [1], [n.floats(18, 3, 3, 2), n.floats(18)], [3, 3, 1, 1, 1, 1, 1, 1, 3]),
        Record("float_conv", "head", [1], [2], [n.floats(3, 5, 4, 18)], [5, 4, 1, 1, 0, 0, 1, 1, 1]),
    ]
    return network(tensors, records, 0, 2, ["cat", "d\u00f6g", "\u9ce5"], {"recipe": "none", "accuracy": 0.5})


def binary_conv(n: Numbers) -> ModelFile:
    tensors = [
        image(6, 6, 70, "float32"),
        Tensor("signs", "bits", 6, 6, 70),
        Tensor("grouped", "bits", 6, 6, 66),
        Tensor("dilated", "bits", 4, 4, 64),
        Tensor("strided", "int32", 2, 2, 7),
    ]
    half = np.full(1, 127.5, np.float32)
    records = [
        Record("pointwise", "sign", [0], [1], [half], [1, code("subtract"), 0, 1, 0, 2]),
        Record("binary_conv", "zeros", [1], [2], [n.signs(66, 3, 3, 35), *n.interval(66, 40)], [3, 3, *[1] * 6, 2, 0]),
        Record(
            "binary_conv",
            "plus",
            [2],
            [3],
            [n.signs(64, 2, 2, 66), *n.interval(64, 40)],
            [2, 2, 1, 1, 0, 0, 2, 2, 1, 1],
        ),
        Record("binary_conv", "minus", [3], [4], [n.signs(7, 3, 3, 64)], [3, 3, 2, 2, 1, 1, 1, 1, 1, -1]),
    ]
    return network(tensors, records, 0, 4)


def threshold(n: Numbers) -> ModelFile:
    tensors = [
        image(3, 3, 65),
        Tensor("sums", "int32", 3, 3, 65),
        Tensor("interval", "bits", 3, 3, 65),
        Tensor("table", "bits", 3, 3, 65),
        Tensor("out", "float32", 3, 3, 65),
    ]
    tables = [n.integers("i4", -1, 4, 65), n.signs(4, 100)]
    records = [
        Record("integer_conv", "stem", [0], [1], [n.integers("i1", -3, 4, 65, 1, 1, 65)], PLAIN),
        Record("threshold", "interval", [1], [2], n.interval(65, 3000)),
        Record("threshold", "table", [1], [3], [*n.interval(65, 3000), *tables], [-50, 100]),
        Record("pointwise", "add", [2, 3], [4], [], [1, code("fma"), 0, 0, 1, 2]),
    ]
    return network(tensors, records, 0, 4)


def pointwise(n: Numbers) -> ModelFile:
    tensors = [image(3, 4, 20), Tensor("real", "float32", 3, 4, 20), Tensor("sign", "bits", 3, 4, 20)]
    constants = [n.floats(20), n.floats(1) * 0.01]
    steps = [[code("multiply"), 0, 2, 0], [code("fma"), 3, 1, 1], [code("subtract"), 4, 1, 0]]
    steps += [[code("sigmoid"), 5, 0, 0], [code("silu"), 5, 0, 0], [code("divide"), 6, 1, 0]]
    steps += [[code("prelu"), 8, 1, 0], [code("minimum"), 9, 7, 0], [code("maximum"), 9, 5, 0]]
    steps += [[code("add"), 10, 11, 0]]
    attributes = [len(steps), *[i for step in steps for i in step], 12, 9]
    out = Tensor("out", "float32", 3, 4, 20)
    records = [
        Record("pointwise", "every step", [0], [1, 2], constants, attributes),
        Record("pointwise", "join", [1, 2], [3], [], [1, code("multiply"), 0, 1, 0, 2]),
    ]
    return network([*tensors, out], records, 0, 3)


def max_pool(n: Numbers) -> ModelFile:
    window = [3, 2, 2, 2, 1, 0, 1, 1]
    tensors = [
        image(6, 5, 9),
        Tensor("sums", "int32", 6, 5, 9),
        Tensor("pooled sums", "int32", 3, 3, 9),
        Tensor("real", "float32", 6, 5, 9),
        Tensor("pooled real", "float32", 3, 2, 9),
        Tensor("signs", "bits", 6, 5, 9),
        Tensor("pooled signs", "bits", 3, 2, 9),
        Tensor("wide", "bits", 3, 3, 9),
        Tensor("out", "float32", 3, 2, 9),
        Tensor("result", "float32", 1, 1, 135),
    ]
    tensors += [
        Tensor("a", "float32", 1, 1, 54),
        Tensor("b", "float32", 1, 1, 81),
        Tensor("wide real", "float32", 3, 3, 9),
    ]
    half = np.full(1, 127.5, np.float32)
    records = [
        Record("integer_conv", "stem", [0], [1], [n.integers("i1", -9, 10, 9, 1, 1, 9)], PLAIN),
        Record("max_pool", "smallest of some, size rounded up", [1], [2], [n.signs(9)], window),
        Record("pointwise", "centre", [0], [3, 5], [half], [1, code("subtract"), 0, 1, 0, 2, 2]),
        Record("max_pool", "largest", [3], [4], [], window),
        Record("max_pool", "signs", [5], [6], [n.signs(9)], window),
        Record("max_pool", "signs, dilated", [5], [7], [], [2, 2, 1, 1, 0, 0, 3, 2]),
        Record("pointwise", "multiply", [4, 6], [8], [], [1, code("multiply"), 0, 1, 0, 2]),
        Record("pointwise", "wide", [2, 7], [12], [], [1, code("multiply"), 0, 1, 0, 2]),
        Record("flatten", "first", [8], [10]),
        Record("flatten", "second", [12], [11]),
        Record("concat", "both", [10, 11], [9]),
    ]
    return network(tensors, records, 0, 9)


def concat_flatten_lookup(n: Numbers) -> ModelFile:
    tensors = [
        image(2, 3, 5),
        Tensor("sums", "int32", 2, 3, 5),
        Tensor("signs", "bits", 2, 3, 5),
        Tensor("two sums", "int32", 2, 3, 10),
        Tensor("three signs", "bits", 2, 3, 15),
        Tensor("flat sums", "int32", 1, 1, 60),
        Tensor("flat signs", "bits", 1, 1, 90),
        Tensor("dense", "int32", 1, 1, 60),
        Tensor("found", "float32", 1, 1, 60),
        Tensor("real", "float32", 1, 1, 60),
        Tensor("out", "float32", 1, 1, 120),
    ]
    half = np.full(1, 127.5, np.float32)
    records = [
        Record("integer_conv", "stem", [0], [1], [n.integers("i1", -9, 10, 5, 1, 1, 5)], PLAIN),
        Record("pointwise", "sign", [0], [2], [half], [1, code("subtract"), 0, 1, 0, 2]),
        Record("concat", "integers", [1, 1], [3]),
        Record("concat", "signs", [2, 2, 2], [4]),
        Record("flatten", "integers", [3], [5]),
        Record("flatten", "signs", [4], [6]),
        Record("binary_conv", "dense", [6], [7], [n.signs(60, 1, 1, 90)], [*PLAIN, 1, 0]),
        Record("lookup", "table", [7], [8], [n.floats(60, 21)], [-10, 21]),
        Record("pointwise", "real", [5], [9], [], [0, 0]),
        Record("concat", "floats", [8, 9], [10]),
    ]
    return network(tensors, records, 0, 10)


def select(n: Numbers) -> ModelFile:
    """Of integers, of signs whose words do not end together, and of floats: slices, a flip, repeats, zeros."""
    slices = np.arange(-1, 67, dtype=np.int32)  # a channel of zeros, and the first 67 of 70
    flip = np.concatenate([np.arange(4, -1, -1), [-1, 2, 2, -1]]).astype(np.int32)
    last = np.concatenate([n.integers("i4", -1, 9, 20), np.arange(3, 9), [-1]]).astype(np.int32)
    tensors = [
        image(2, 3, 5),
        Tensor("sums", "int32", 2, 3, 70),
        Tensor("signs", "bits", 2, 3, 70),
        Tensor("slice of sums", "int32", 2, 3, 68),
        Tensor("slice of signs", "bits", 2, 3, 68),
        Tensor("real", "float32", 2, 3, 68),
        Tensor("flipped", "float32", 2, 3, 9),
        Tensor("out", "float32", 2, 3, 27),
    ]
    inverted = [np.full(70, -900, np.int32), np.full(70, 900, np.int32), n.signs(70)]
    records = [
        Record("integer_conv", "stem", [0], [1], [n.integers("i1", -9, 10, 70, 1, 1, 5)], PLAIN),
        Record("threshold", "signs", [1], [2], inverted),
        Record("select", "integers", [1], [3], [slices]),
        Record("select", "signs", [2], [4], [slices]),
        Record("pointwise", "multiply", [3, 4], [5], [], [1, code("multiply"), 0, 1, 0, 2]),
        Record("select", "flip", [5], [6], [flip]),
        Record("select", "any", [6], [7], [last]),
    ]
    return network(tensors, records, 0, 7)


MODELS: list[Callable[[Numbers], ModelFile]] = [
    integer_conv,
    float_conv,
    binary_conv,
    threshold,
    pointwise,
    max_pool,
    concat_flatten_lookup,
    select,
]


def fixed_input(model: Model) -> np.ndarray:
    """Element i is (37 i + 11) mod 256."""
    elements = IMAGES * int(np.prod(model.input_shape))
    values = (np.arange(elements) * 37 + 11) % 256
    return values.astype(model.input_dtype).reshape(IMAGES, *model.input_shape)


def main() -> None:
    for make in MODELS:
        path = HERE / f"v{VERSION}_{make.__name__}.sbit"
        if path.exists():
            print(f"{path.name} is left as it is")
            continue
        size = write(make(Numbers()), path)
        model = Model.load(path)
        path.with_suffix(".output").write_bytes(model.session(isa="scalar").run(fixed_input(model)).tobytes())
        print(f"{path.name}: {size} bytes")


if __name__ == "__main__":
    main()
