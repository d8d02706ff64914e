"""Torch against engine over random networks: the rules of `signbit.verify`, on every instruction set."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, note, settings
from torch import Tensor

from random_networks import RandomNetwork, networks
from signbit.convert import convert
from signbit.engine import Model
from signbit.verify import verify

EXAMPLES = 150


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(drawn=networks())
def test_engine_agrees_with_torch(every_isa: list[str], drawn: tuple[RandomNetwork, Tensor]) -> None:
    network, images = drawn
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
