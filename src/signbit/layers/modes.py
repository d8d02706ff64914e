"""The modes of a network's signs: state that training sets and a checkpoint keeps; no layer guesses it."""

from collections.abc import Iterator, Mapping

from torch import nn

from signbit.binarizers import Binarizer
from signbit.layers.binary_layer import BinaryLayer


def set_modes(model: nn.Module, activations: str, weights: str) -> None:
    """Set the mode of every sign, and of every layer whose input is binarized elsewhere.

    Args:
        activations: mode of the signs of activations, and of layers with `input_binarizer=None`.
        weights: mode of the weight binarizers.

    Raises:
        ValueError: a binarizer has no such mode.
    """
    of_weights = {id(getattr(module, "weight_binarizer", None)) for module in model.modules()}
    for _, module in _with_a_mode(model):
        _set(module, weights if id(module) in of_weights else activations)


def modes_of(model: nn.Module) -> dict[str, str]:
    """The mode of every binarizer and of every layer whose input is binarized elsewhere, by module path."""
    return {
        path: module.mode if isinstance(module, Binarizer) else module.input_mode
        for path, module in _with_a_mode(model)
    }


def put_modes(model: nn.Module, modes: Mapping[str, str]) -> None:
    """Set the modes that `modes_of` gave.

    Raises:
        ValueError: the paths differ from those of the model, or a binarizer has no such mode.
    """
    found = dict(_with_a_mode(model))
    if found.keys() != modes.keys():
        other = ", ".join(sorted(found.keys() ^ modes.keys()))
        raise ValueError(f"the modes are those of another model: {other} is in only one of the two")
    for path, mode in modes.items():
        _set(found[path], mode)


def _with_a_mode(model: nn.Module) -> Iterator[tuple[str, Binarizer | BinaryLayer]]:
    for path, module in model.named_modules():
        if isinstance(module, Binarizer) or (isinstance(module, BinaryLayer) and module.is_fed_codes):
            yield path, module


def _set(module: Binarizer | BinaryLayer, mode: str) -> None:
    if isinstance(module, Binarizer):
        module.mode = mode
    else:
        module.input_mode = mode
