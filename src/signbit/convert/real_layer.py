"""Real-valued layers: what becomes a `float_conv`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from signbit.convert.expression import Input
from signbit.convert.layer_report import describe_product
from signbit.convert.node import module_type
from signbit.convert.rule import Call, Refused
from signbit.convert.value import Base, Real, Shape
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


def real_product(
    call: Call, lowering: Lowering, base: Base, weight: Tensor, window: Window, groups: int, shape: Shape
) -> Real:
    """A convolution of real values.

    Args:
        base: in place.
        weight: [O, C / groups, kh, kw].
        shape: of the result.

    Raises:
        Refused: the layer was meant to be binary, or computes in another type than float32.
    """
    _refuse_binary(call)
    weights = np.ascontiguousarray(weight.float().numpy().transpose(0, 2, 3, 1))
    given = call.constant("bias")
    bias = None if given is None else given.float().numpy()
    node = call.node
    output = lowering.draft.tensor("float32", shape, node)
    source = lowering.floats(base, node)
    op = FloatConv(node.name, (source,), (output,), weights, window, groups, bias)
    lowering.draft.add(op, node)
    size = sum(constant.nbytes for constant in op.encode()[0])
    note = "real-valued in the module"
    lowering.report.append(describe_product(node, op.kind, (32, 32), weight.numel(), size, note))
    return Real(shape, Input(output))


def _refuse_binary(call: Call) -> None:
    kind = module_type(call.node)
    if kind == "signbit.layers.binary_weight_conv.BinaryWeightConv2d":
        raise Refused("the engine has no op for one-bit weights on real values; use torch.nn.Conv2d")
    if kind.startswith("signbit.layers.binary_"):
        raise Refused("a binary layer whose values are real; set its binarizers to mode 'binary'")
