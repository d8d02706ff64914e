"""The sign: +1 where a value is at least 0, -1 elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

import torch
from torch import Tensor

from signbit.convert import fold
from signbit.convert.expression import limits, tensors_of
from signbit.convert.layer_report import describe_float_sign, describe_thresholds
from signbit.convert.rule import Call, Refused, Rule
from signbit.convert.steadiness import Arrangement
from signbit.convert.value import Base, Fixed, Folded, Signs, Stream, Value

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering

_DEAD = (
    "every channel of its sign is the same for every image, so no information passes through it. A ReLU before a "
    "binary layer causes this, because its output is never negative. Remove the ReLU, or use Hardtanh or PReLU"
)


@final
class SignbitSign(Rule):
    """To thresholds on integers, found by evaluation; on real values, a comparison with 0."""

    operator: ClassVar[str] = "signbit::sign"
    arguments: ClassVar[Mapping[str, str]] = {"input": "any tensor"}
    words: ClassVar[str] = "`threshold`, or part of `binary_conv`; `pointwise` on real values"

    def lower(self, call: Call, lowering: Lowering) -> Value:
        value = call.value("input")
        base = value.base
        if isinstance(base, Signs):
            return value
        if isinstance(base, Fixed):
            raise Refused("its input is the same for every image; compute the result when the module is built")
        try:
            found = self._of_integers(base, value, call, lowering) if isinstance(base, Stream) else None
        except fold.NotANumber as error:
            raise Refused(
                f"{error}; the sign of NaN would be -1: check for a division by 0 or an overflow before it"
            ) from None
        except fold.Unsteady as error:
            raise Refused(
                f"{error}, but PyTorch's vectorized and scalar code differ in the last bit there, so the sign depends "
                "on where the value lies in memory. Shift the threshold slightly, such as by a bias of 1e-3, or use "
                "an activation that is exact, such as nn.Hardtanh"
            ) from None
        if found is None:
            value = _in_place_if_it_can_be(value, call, lowering)
            found = self._of_floats(value.base, value, call, lowering)
        return value.of(found)

    def _bits(self, value: Value, call: Call, lowering: Lowering) -> int:
        return lowering.draft.tensor("bits", value.base.shape, call.node if value.index is None else None)

    def _of_integers(self, base: Stream, value: Value, call: Call, lowering: Lowering) -> Signs | None:
        if base.pool is not None:
            return self._before_pool(base, value, call, lowering)
        found = fold.find_thresholds(base.chain, base.chain.features, base.bound)
        if not base.chain.is_steady:
            fold.check_steady(base.chain, base.chain.features, base.bound, found)
        self._note(found, call, lowering)
        bits = self._bits(value, call, lowering)
        lowering.folded[bits] = Folded(base.chain, base.chain.features, base.bound, signs=True)
        return Signs(base.shape, lowering.draft.threshold(call.node, base.tensor, bits, found))

    def _before_pool(self, base: Stream, value: Value, call: Call, lowering: Lowering) -> Signs | None:
        """``sign(after(max(before)))`` as a pool of signs, where evaluation shows that it is one."""
        pool, after = base.pool, base.chain
        assert pool is not None
        before = pool.before
        minimum = fold.find_pooling(before, after, before.features, int(base.bound.max()))
        if minimum is None:
            return None

        def both(integers: Tensor, arrangement: Arrangement | None = None) -> Tensor:
            return after(before(integers, arrangement), arrangement)

        found = fold.find_thresholds(both, before.features, base.bound)
        if not (before.is_steady and after.is_steady):
            fold.check_steady(both, before.features, base.bound, found)
        self._note(found, call, lowering)
        bits = lowering.draft.tensor("bits", pool.shape)
        lowering.folded[bits] = Folded(both, before.features, base.bound, signs=True)
        lowering.draft.threshold(call.node, base.tensor, bits, found)
        pooled = self._bits(value, call, lowering)
        return Signs(base.shape, lowering.draft.max_pool(call.node, bits, pooled, pool.window, minimum))

    def _note(self, found: fold.Thresholds, call: Call, lowering: Lowering) -> None:
        lowering.report.append(describe_thresholds(call.node, found))
        if found.are_constant:
            lowering.warn(call.node, _DEAD)

    def _of_floats(self, base: Base, value: Value, call: Call, lowering: Lowering) -> Signs:
        if call.dtype != torch.float32:
            raise Refused(f"the sign of {call.dtype} values; real values must stay float32")
        expression = lowering.expression(base)
        lowering.report.append(describe_float_sign(call.node))
        if not list(tensors_of(expression)):
            raise Refused("its input is the same for every image; compute the result when the module is built")
        least, most = limits(expression, lowering.limits)
        if least >= 0 or most < 0:
            lowering.warn(call.node, _DEAD)
        bits = self._bits(value, call, lowering)
        return Signs(base.shape, lowering.draft.pointwise(call.node, expression, bits))


def _in_place_if_it_can_be(value: Value, call: Call, lowering: Lowering) -> Value:
    """Floats in the order of the node's own, so that its bits are compared with torch's, which may round otherwise."""
    try:
        return lowering.in_place(value, call.node)
    except Refused:
        return value
