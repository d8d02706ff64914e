"""Write small model files of the present version of the format, with what the engine makes of a fixed input.

Never write again what is here, only add: these files stand for those that users have. So a file that exists is left as
it is; a new version of the format, or a new op, gets names of its own.

    python tests/files/versions/make.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from signbit.convert.write import STEPS, VERSION, ModelFile, Op, Tensor, write
from signbit.engine import Model, pack_bits

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


def integer_conv(n: Numbers) -> ModelFile:
    weights = n.integers("i1", -127, 128, 5, 3, 2, 3)
    tensors = [image(7, 6, 3), Tensor("sums", "int32", 4, 6, 5)]
    return ModelFile(tensors, [Op("integer_conv", "stem", [0], [1], [weights], [3, 2, 2, 1, 1, 1, 1, 2])], 0, 1)


def float_conv(n: Numbers) -> ModelFile:
    tensors = [image(5, 4, 6, "float32"), Tensor("real", "float32", 5, 4, 18), Tensor("scores", "float32", 1, 1, 3)]
    ops = [
        Op("float_conv", "grouped", [0], [1], [n.floats(18, 3, 3, 2), n.floats(18)], [3, 3, 1, 1, 1, 1, 1, 1, 3]),
        Op("float_conv", "head", [1], [2], [n.floats(3, 5, 4, 18)], [5, 4, 1, 1, 0, 0, 1, 1, 1]),
    ]
    return ModelFile(tensors, ops, 0, 2, ["cat", "d\u00f6g", "\u9ce5"], {"recipe": "none", "accuracy": 0.5})


def binary_conv(n: Numbers) -> ModelFile:
    tensors = [
        image(6, 6, 70, "float32"),
        Tensor("signs", "bits", 6, 6, 70),
        Tensor("grouped", "bits", 6, 6, 66),
        Tensor("dilated", "bits", 4, 4, 64),
        Tensor("strided", "int32", 2, 2, 7),
    ]
    half = np.full(1, 127.5, np.float32)
    ops = [
        Op("pointwise", "sign", [0], [1], [half], [1, STEPS["subtract"], 0, 1, 0, 2]),
        Op("binary_conv", "zeros", [1], [2], [n.signs(66, 3, 3, 35), *n.interval(66, 40)], [3, 3, *[1] * 6, 2, 0]),
        Op(
            "binary_conv",
            "plus",
            [2],
            [3],
            [n.signs(64, 2, 2, 66), *n.interval(64, 40)],
            [2, 2, 1, 1, 0, 0, 2, 2, 1, 1],
        ),
        Op("binary_conv", "minus", [3], [4], [n.signs(7, 3, 3, 64)], [3, 3, 2, 2, 1, 1, 1, 1, 1, -1]),
    ]
    return ModelFile(tensors, ops, 0, 4)


def threshold(n: Numbers) -> ModelFile:
    tensors = [
        image(3, 3, 65),
        Tensor("sums", "int32", 3, 3, 65),
        Tensor("interval", "bits", 3, 3, 65),
        Tensor("table", "bits", 3, 3, 65),
        Tensor("out", "float32", 3, 3, 65),
    ]
    tables = [n.integers("i4", -1, 4, 65), n.signs(4, 100)]
    ops = [
        Op("integer_conv", "stem", [0], [1], [n.integers("i1", -3, 4, 65, 1, 1, 65)], PLAIN),
        Op("threshold", "interval", [1], [2], n.interval(65, 3000)),
        Op("threshold", "table", [1], [3], [*n.interval(65, 3000), *tables], [-50, 100]),
        Op("pointwise", "add", [2, 3], [4], [], [1, STEPS["fma"], 0, 0, 1, 2]),
    ]
    return ModelFile(tensors, ops, 0, 4)


def pointwise(n: Numbers) -> ModelFile:
    tensors = [image(3, 4, 20), Tensor("real", "float32", 3, 4, 20), Tensor("sign", "bits", 3, 4, 20)]
    constants = [n.floats(20), n.floats(1) * 0.01]
    steps = [[STEPS["multiply"], 0, 2, 0], [STEPS["fma"], 3, 1, 1], [STEPS["subtract"], 4, 1, 0]]
    steps += [[STEPS["sigmoid"], 5, 0, 0], [STEPS["silu"], 5, 0, 0], [STEPS["divide"], 6, 1, 0]]
    steps += [[STEPS["prelu"], 8, 1, 0], [STEPS["minimum"], 9, 7, 0], [STEPS["maximum"], 9, 5, 0]]
    steps += [[STEPS["add"], 10, 11, 0]]
    attributes = [len(steps), *[i for step in steps for i in step], 12, 9]
    out = Tensor("out", "float32", 3, 4, 20)
    ops = [
        Op("pointwise", "every step", [0], [1, 2], constants, attributes),
        Op("pointwise", "join", [1, 2], [3], [], [1, STEPS["multiply"], 0, 1, 0, 2]),
    ]
    return ModelFile([*tensors, out], ops, 0, 3)


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
    ops = [
        Op("integer_conv", "stem", [0], [1], [n.integers("i1", -9, 10, 9, 1, 1, 9)], PLAIN),
        Op("max_pool", "smallest of some, size rounded up", [1], [2], [n.signs(9)], window),
        Op("pointwise", "centre", [0], [3, 5], [half], [1, STEPS["subtract"], 0, 1, 0, 2, 2]),
        Op("max_pool", "largest", [3], [4], [], window),
        Op("max_pool", "signs", [5], [6], [n.signs(9)], window),
        Op("max_pool", "signs, dilated", [5], [7], [], [2, 2, 1, 1, 0, 0, 3, 2]),
        Op("pointwise", "multiply", [4, 6], [8], [], [1, STEPS["multiply"], 0, 1, 0, 2]),
        Op("pointwise", "wide", [2, 7], [12], [], [1, STEPS["multiply"], 0, 1, 0, 2]),
        Op("flatten", "first", [8], [10]),
        Op("flatten", "second", [12], [11]),
        Op("concat", "both", [10, 11], [9]),
    ]
    return ModelFile(tensors, ops, 0, 9)


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
    ops = [
        Op("integer_conv", "stem", [0], [1], [n.integers("i1", -9, 10, 5, 1, 1, 5)], PLAIN),
        Op("pointwise", "sign", [0], [2], [half], [1, STEPS["subtract"], 0, 1, 0, 2]),
        Op("concat", "integers", [1, 1], [3]),
        Op("concat", "signs", [2, 2, 2], [4]),
        Op("flatten", "integers", [3], [5]),
        Op("flatten", "signs", [4], [6]),
        Op("binary_conv", "dense", [6], [7], [n.signs(60, 1, 1, 90)], [*PLAIN, 1, 0]),
        Op("lookup", "table", [7], [8], [n.floats(60, 21)], [-10, 21]),
        Op("pointwise", "real", [5], [9], [], [0, 0]),
        Op("concat", "floats", [8, 9], [10]),
    ]
    return ModelFile(tensors, ops, 0, 10)


MODELS: list[Callable[[Numbers], ModelFile]] = [
    integer_conv,
    float_conv,
    binary_conv,
    threshold,
    pointwise,
    max_pool,
    concat_flatten_lookup,
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
