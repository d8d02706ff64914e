"""What a network costs, layer by layer: operations, bytes by the papers' rule, and bytes of the model file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from signbit import models
from signbit.convert import Conversion, convert
from signbit.convert.file_bytes import FileBytes, file_bytes
from signbit.convert_checkpoint import convert_checkpoint
from signbit.errors import ConvertError
from signbit.metrics.costs import COUNTED_AS, Costs, LayerCost, count_costs
from signbit.train.catalogue import Shape, count_model, input_shape
from signbit.train.checkpoint import load_checkpoint
from signbit.train.recipe_file import plain_value

_COUNT = "real-input-1x1"


def summarize(
    target: str,
    *,
    size: str | None = None,
    settings: Iterable[str] = (),
    real_input_1x1: str = "flop",
    with_file: bool = True,
) -> dict[str, Any]:
    """Sum up a network in plain values.

    The model file of a network that is named is that of its first weights, by seed 0: thresholds that are tables make
    it depend on them.

    Args:
        target: a model's name, a checkpoint, or the folder of a finished run.
        size: of a named model's input, such as `3x32x32`; by default the family's own.
        settings: arguments of a named model, such as `width=0.25`.
        real_input_1x1: see `signbit.metrics.count_costs`.
        with_file: weigh the model file too, which takes a conversion.

    Raises:
        ValueError: there is no such model or checkpoint, an argument is wrong, or the input does not suit the network.
        SignbitError: the checkpoint cannot be read.
    """
    if target in models.names():
        arguments = _arguments(target, size, settings)
        shape = input_shape(target, arguments)
        costs = count_model(target, arguments, real_input_1x1=real_input_1x1)
        weighed, refused = _weigh(lambda: _convert_untrained(target, arguments, shape)) if with_file else (None, "")
    else:
        _check_checkpoint(target, size, settings)
        loaded = load_checkpoint(target)
        shape = tuple(loaded[2]["input_shape"])
        images = torch.zeros(1, *shape, dtype=torch.uint8)
        costs = count_costs(loaded[0], images, real_input_1x1=real_input_1x1)
        weighed, refused = _weigh(lambda: convert_checkpoint(*loaded)) if with_file else (None, "")
    about = {"model": target, "input": list(shape), "real_input_1x1": real_input_1x1}
    return about | _totals(costs) | _parts(costs, weighed) | {"refused": refused}


def count_option(text: str) -> str:
    """The value of `real-input-1x1=flop|bop`.

    Raises:
        ValueError: it is something else.
    """
    key, _, value = text.partition("=")
    if key != _COUNT or value not in COUNTED_AS:
        raise ValueError(f"--count {text}: give {' or '.join(f'{_COUNT}={kind}' for kind in COUNTED_AS)}")
    return value


def _arguments(name: str, size: str | None, settings: Iterable[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if size is not None:
        channels, height, width = _sides(size)
        if height != width:
            raise ValueError(f"--input {size}: the networks take square images; give CxSxS, such as 3x32x32")
        given = {"in_channels": channels, "image_size": height}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or key in given:
            raise ValueError(f"--set {setting}: give argument=value, each argument once, none that --input says")
        given[key] = plain_value(text)
    known = models.parameters(name)
    for key in given:
        if key not in known:
            raise ValueError(f"{name} has no argument {key!r}; there are {', '.join(known)}")
    return given


def _sides(size: str) -> list[int]:
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){2}", size):
        raise ValueError(f"--input {size}: give channels, height and width, such as 3x32x32")
    return [int(side) for side in size.split("x")]


def _check_checkpoint(target: str, size: str | None, settings: Iterable[str]) -> None:
    if not Path(target).exists():
        raise ValueError(f"{target} is neither a checkpoint nor a model; the models are {', '.join(models.names())}")
    if size is not None or list(settings):
        raise ValueError(f"{target} is a checkpoint: its input and arguments are in it; leave --input and --set out")


def _convert_untrained(name: str, arguments: dict[str, Any], shape: Shape) -> Conversion:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = models.create(name, **arguments)
    return convert(model, torch.zeros(2, *shape, dtype=torch.uint8))


def _weigh(conversion: Callable[[], Conversion]) -> tuple[FileBytes | None, str]:
    """The bytes of the model file, or why there is none."""
    try:
        converted = conversion()
    except ConvertError as error:
        return None, str(error)
    return file_bytes(converted.model, converted.layers), ""


def _totals(costs: Costs) -> dict[str, Any]:
    names = ("parameters", "one_bit_weights", "bytes", "flops", "bops", "ops", "one_bit_work_share")
    return {name: getattr(costs, name) for name in (*names, "one_bit_weight_share")}


def _parts(costs: Costs, weighed: FileBytes | None) -> dict[str, Any]:
    """The layers, what is between them, and the rest of the file; `file_bytes` add up to `model_file_bytes`."""
    layers = [_layer(layer, weighed) for layer in costs.layers]
    between, frame = None, None
    if weighed is not None:
        frame = weighed.frame
        between = weighed.total - frame - sum(layer["file_bytes"] for layer in layers)
    others = costs.other_parameters
    return {
        "model_file_bytes": None if weighed is None else weighed.total,
        "layers": layers,
        "between_layers": {"parameters": others, "bytes": 4 * others, "file_bytes": between},
        "file_frame_bytes": frame,
    }


def _layer(layer: LayerCost, weighed: FileBytes | None) -> dict[str, Any]:
    own = None if weighed is None else weighed.below(layer.path)
    counted = {"parameters": layer.parameters, "bytes": layer.bytes, "file_bytes": own, "ops": layer.ops}
    return asdict(layer) | counted
