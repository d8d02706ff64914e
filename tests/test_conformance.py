"""Torch against engine over random networks: the rules of `signbit.verify`, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from torch import Tensor

from random_networks import RandomNetwork, networks
from signbit.convert import convert
from signbit.engine import Model
from signbit.verify import verify

QUICK, SLOW = 30, 60  # a capture takes about a second


@pytest.mark.parametrize("examples", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)])
def test_engine_agrees_with_torch(every_isa: list[str], examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(drawn=networks())
    def run(drawn: tuple[RandomNetwork, Tensor]) -> None:
        check(*drawn, every_isa)

    run()


def check(network: RandomNetwork, images: Tensor, every_isa: list[str]) -> None:
    note(str(network))
    conversion = convert(network, images)  # once: capturing takes longer than all the rest
    model = Model.from_bytes(conversion.to_bytes())
    outputs = {}
    for isa in every_isa:
        found = verify(network, model, images, isa=isa, conversion=conversion)
        assert found.ok, found.errors
        if found.exact:
            assert found.mismatched_predictions == 0
        outputs[isa] = model.session(isa=isa).run(np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy()))
    reference = outputs["scalar"]
    for isa, output in outputs.items():
        assert output.tobytes() == reference.tobytes(), f"{isa} differs from scalar"
