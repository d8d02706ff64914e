"""Max pools of signs, of integers and of real values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signbit.convert import fold
from signbit.convert.chain import Chain
from signbit.convert.expression import Expression, Input, rewrite, tensors_of
from signbit.convert.rule import Call, Refused
from signbit.convert.value import Base, Fixed, Pool, Real, Shape, Signs, Stream, Value, image_value
from signbit.errors import ConvertError
from signbit.modelfile.ops.window import Window

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


def max_pool(value: Value, window: Window, shape: Shape, call: Call, lowering: Lowering) -> Value:
    """The largest value of each window, as images of that height, width and channels."""
    base = lowering.in_place(value, call.node).base
    return image_value(_pooled(base, shape, window, call, lowering), 4)


def _pooled(base: Base, shape: Shape, window: Window, call: Call, lowering: Lowering) -> Base:
    node = call.node
    if isinstance(base, Fixed):
        raise Refused("the input of the pool is the same for every image; compute the result when the module is built")
    if isinstance(base, Signs):
        bits = lowering.draft.tensor("bits", shape, node)
        return Signs(shape, lowering.draft.max_pool(node, base.tensor, bits, window))
    if isinstance(base, Stream) and base.pool is None:
        return _pooled_stream(base, shape, window, call, lowering)
    return Real(shape, Input(_float_pool(base, shape, window, call, lowering)))


def _pooled_stream(base: Stream, shape: Shape, window: Window, call: Call, lowering: Lowering) -> Stream:
    """A pool moves to the integers where each channel's function keeps or turns their order."""
    node, chain = call.node, base.chain
    order = fold.find_order(chain, chain.features, int(base.bound.max()))
    if not bool((order.rises | order.falls).all()):
        pool = Pool(chain, base.shape, window)
        try:
            expression: Expression | ConvertError = Input(_float_pool(base, shape, window, call, lowering))
        except ConvertError as error:
            expression = error
        return Stream(shape, base.tensor, base.bound, Chain((), chain.rank, chain.channels), expression, pool)
    integers = lowering.draft.tensor("int32", shape, node if chain.is_identity else None)
    lowering.draft.max_pool(node, base.tensor, integers, window, ~order.rises)
    return Stream(shape, integers, base.bound, chain, _rebased(base, integers, shape, window, call, lowering))


def _rebased(
    base: Stream, integers: int, shape: Shape, window: Window, call: Call, lowering: Lowering
) -> Expression | ConvertError:
    """What led to the pool, applied to the pooled integers."""
    if isinstance(base.expression, ConvertError):
        return base.expression
    if set(tensors_of(base.expression)) - {base.tensor}:
        return Input(_float_pool(base, shape, window, call, lowering))
    return rewrite(base.expression, lambda part: Input(integers) if isinstance(part, Input) else part)


def _float_pool(base: Base, shape: Shape, window: Window, call: Call, lowering: Lowering) -> int:
    floats = lowering.draft.tensor("float32", shape, call.node)
    return lowering.draft.max_pool(call.node, lowering.floats(base, call.node), floats, window)
