"""Random programs: each converts exactly, or is refused with a reason."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, note, settings
from torch import Tensor

from random_graphs import RandomProgram, programs
from signbit.convert import convert
from signbit.engine import Model
from signbit.errors import ConvertError
from signbit.verify import verify

QUICK, SLOW = 30, 100


def check_reason(message: str) -> None:
    """It says where, and more than a few words."""
    assert re.match(r"(module '|the outermost module|the module )", message), message
    assert len(message.split()) > 8, message


def outcome(program: RandomProgram, images: Tensor) -> str:
    """`exact`, `within bounds` or the operator that was refused; anything else fails."""
    note(str(program.statements))
    with torch.no_grad():
        wanted = program(images.clone())
    try:
        conversion = convert(program, images)
    except ConvertError as error:
        check_reason(str(error))
        return "refused"
    model = Model.from_bytes(conversion.to_bytes())
    found = verify(program, model, images, conversion=conversion)
    assert found.ok, found.errors
    layout = np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())
    got = torch.from_numpy(model.session().run(layout))
    got = got.permute(0, 3, 1, 2) if got.dim() == 4 and wanted.dim() == 4 else got.reshape(wanted.shape)
    if found.exact:
        torch.testing.assert_close(got, wanted, rtol=0, atol=0, equal_nan=True)
        return "exact"
    if not found.flips:
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max()), equal_nan=True)
    return "within bounds"


def count(examples: int) -> Counter[str]:
    counts: Counter[str] = Counter()

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(drawn=programs())
    def run(drawn: tuple[RandomProgram, Tensor]) -> None:
        counts[outcome(*drawn)] += 1

    run()
    print(f"{examples} programs: {dict(counts)}")
    return counts


@pytest.mark.parametrize("examples", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)])
def test_each_program_converts_exactly_or_is_refused(examples: int) -> None:
    counts = count(examples)
    converted = counts["exact"] + counts["within bounds"]
    assert converted >= examples // 5
    assert counts["refused"] >= examples // 10
