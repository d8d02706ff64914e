"""Torch against engine over random networks: the rules of `signbit.verify`, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from random_networks import RandomNetwork, networks
from torch import Tensor

from signbit.convert import convert
from signbit.engine import Model, supported_isas
from signbit.verify import verify

EXAMPLES = 150


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(drawn=networks())
def test_engine_agrees_with_torch(drawn: tuple[RandomNetwork, Tensor]) -> None:
    network, images = drawn
    note(str(network))
    model = Model.from_bytes(convert(network, images).to_bytes())
    outputs = {}
    for isa in supported_isas():
        found = verify(network, model, images, isa=isa)
        assert found.ok, found.errors
        if found.exact:
            assert found.mismatched_predictions == 0
        outputs[isa] = model.session(isa=isa).run(np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy()))
    reference = outputs["scalar"]
    for isa, output in outputs.items():
        assert output.tobytes() == reference.tobytes(), f"{isa} differs from scalar"


def test_every_instruction_set_of_this_machine_ran(record_isa: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert "scalar" in supported_isas()
