"""Batch norm with running statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from signbit.convert.expression import Constant, Expression, Step
from signbit.convert.pointwise import Operand, Pointwise
from signbit.convert.rule import Call, Refused
from signbit.modelfile.rounding import fma

if TYPE_CHECKING:
    pass


@final
class NativeBatchNormLegitNoTraining(Pointwise):
    """``fma(x, a, b)``, as torch's CPU kernel does: ``a = weight / sqrt(var + eps)``, ``b = fma(-mean, a, bias)``."""

    operator: ClassVar[str] = "aten::_native_batch_norm_legit_no_training"
    operands: ClassVar[tuple[str, ...]] = ("input", "weight", "bias", "running_mean", "running_var")
    step_arguments: ClassVar[dict[str, str]] = {"momentum": "any", "eps": "any"}
    by_channel: ClassVar[bool] = True
    gives_list: ClassVar[bool] = True

    def step(self, call: Call, operand: Operand) -> Expression:
        mean, variance, weight, bias = (
            None if found is None else found.float().numpy()
            for found in map(call.constant, ("running_mean", "running_var", "weight", "bias"))
        )
        assert mean is not None
        assert variance is not None
        if (variance < 0).any():
            raise Refused(f"{int((variance < 0).sum())} running variances are negative; the checkpoint is damaged")
        a: NDArray[np.float32] = np.divide(1, np.sqrt(variance + np.float32(call["eps"])), dtype=np.float32)
        if weight is not None:
            a = np.multiply(a, weight, dtype=np.float32)
        shift = np.zeros_like(mean) if bias is None else bias
        return Step("fma", (operand("input"), Constant(a), Constant(fma(-mean, a, shift))))
