"""What the losses of a stage are given, teachers among it, and their sum."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, final

import torch
from torch import Tensor, nn

from signbit import losses
from signbit.train.sections import LossSection


class FeatureError(ValueError):
    """The feature layers of a network and its teacher cannot be matched; the message says why."""


@final
class Lesson:
    """One forward pass of a network, and of its teachers where a loss needs them, and the weighted sum of the losses.

    Use it as a context: the hooks that catch features are there within it.

    Args:
        sections: the losses; what their forward asks for decides what is run and kept.
        model: the network itself, whose `feature_layers` (module paths) are matched with the first teacher's.
        teachers: frozen, in eval mode, on the network's device.
    """

    def __init__(self, sections: Iterable[LossSection], model: nn.Module, teachers: list[nn.Module]) -> None:
        self._losses = [(s.weight, losses.create(s.name, **s.arguments), losses.inputs(s.name)) for s in sections]
        self._teachers = teachers
        self._needed = {name for _, _, inputs in self._losses for name in inputs}
        self._features: dict[str, list[Tensor]] = {"features": [], "teacher_features": []}
        self._tapped = []
        if self._needed & self._features.keys():
            own, theirs = matched(feature_layers(model), feature_layers(teachers[0]))
            self._tapped = [("features", model, own), ("teacher_features", teachers[0], theirs)]
        self._handles: list[Any] = []

    def __enter__(self) -> "Lesson":
        for kind, network, paths in self._tapped:
            for path in paths:
                self._handles.append(network.get_submodule(path).register_forward_hook(self._keep(kind)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the network, and the loss.

        Args:
            model: the network, possibly wrapped for several devices.
        """
        for kept in self._features.values():
            kept.clear()
        logits = model(images)
        given: dict[str, Any] = {"logits": logits, "labels": labels, **self._features}
        if any("teacher" in name for name in self._needed):
            with torch.no_grad():
                taught = [teacher(images) for teacher in self._teachers]
            given |= {"teacher_logits": taught[0], "all_teacher_logits": taught}
        terms = [weight * loss(**{name: given[name] for name in inputs}) for weight, loss, inputs in self._losses]
        return logits, torch.stack(terms).sum() if len(terms) > 1 else terms[0]

    def _keep(self, kind: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            self._features[kind].append(output)

        return hook


def feature_layers(model: nn.Module) -> tuple[str, ...]:
    """Module paths that features are taken from.

    Raises:
        FeatureError: the network states none.
    """
    found: tuple[str, ...] | None = getattr(model, "feature_layers", None)
    if not found:
        raise FeatureError(f"{type(model).__name__} has no feature_layers; state them, or take a loss of logits alone")
    return found


def matched(own: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """As many layers of both: of the longer list those at even distances, the last among them.

    A network with a shortcut around each convolution has two blocks where its teacher has one.

    Raises:
        FeatureError: neither number divides the other.
    """
    fewer = min(len(own), len(theirs))
    if len(own) % fewer or len(theirs) % fewer:
        raise FeatureError(f"{len(own)} feature layers cannot be matched with the {len(theirs)} of the teacher")
    own_step, their_step = len(own) // fewer, len(theirs) // fewer
    return own[own_step - 1 :: own_step], theirs[their_step - 1 :: their_step]
