"""A cast."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import torch

from signbit.convert.expression import Expression
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call, Refused, Result

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


@final
class ToCopy(Pointwise):
    """Conversion to float32, such as of pixels. Other casts convert only between a binary product and a sign."""

    operator: ClassVar[str] = "aten::_to_copy"
    operands: ClassVar[tuple[str, ...]] = ("self",)
    is_steady: ClassVar[bool] = False
    step_arguments: ClassVar[dict[str, str]] = {
        "dtype": "torch.float32",
        "layout": "torch.strided",
        "device": "any",
        "pin_memory": "any",
        "non_blocking": "any",
        "memory_format": "any",
    }

    def lower(self, call: Call, lowering: Lowering) -> Result:
        if call.nodes["self"].meta["val"].dtype == call.dtype:
            return call.value("self")
        return super().lower(call, lowering)

    def check_dtype(self, call: Call) -> None:
        given = call.nodes["self"].meta["val"].dtype
        if call.dtype != torch.float32 or given not in (torch.uint8, torch.float32):
            raise Refused(
                f"a cast of {given} to {call.dtype} on real values, which must stay float32; remove the cast, or move "
                "it directly between a binary product and a sign"
            )

    def step(self, call: Call, operand: Operand) -> Expression:
        return operand("self")
