"""Sign of a weight with the mean magnitude of each filter as its scale, and the published gradients of that product."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, final

from torch import Tensor

from signbit.binarizers.base import Binarizer, sign


def mean_abs(weight: Tensor) -> Tensor:
    """Mean |W| of each filter, shape (out,), without a gradient: the rules below are the whole of it."""
    return weight.detach().abs().flatten(1).mean(1)


def _per_filter(values: Tensor, weight: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (weight.dim() - 1))


def _size(weight: Tensor) -> int:
    return weight[0].numel()


def _share_of_others(weight: Tensor) -> float:
    """1 - 1/C: what centring over the C input channels leaves of a change of one of them."""
    return 1 - 1 / weight.shape[1]


def _within(weight: Tensor) -> Tensor:
    return weight.abs().le_(1)


def _unscaled(weight: Tensor, grad: Tensor) -> Tensor:
    return grad * _within(weight)


def _magnitude_aware(weight: Tensor, grad: Tensor) -> Tensor:
    return _per_filter(mean_abs(weight), weight) * _unscaled(weight, grad)


def _through_scale(weight: Tensor, grad: Tensor) -> Tensor:
    signs = sign(weight)
    of_scale = _per_filter((grad * signs).flatten(1).mean(1), weight) * signs
    return _magnitude_aware(weight, grad) + of_scale


def _xnor_paper(weight: Tensor, grad: Tensor) -> Tensor:
    inside = (weight.abs() < 1).to(weight.dtype)
    return grad * (1 / _size(weight) + _per_filter(mean_abs(weight), weight) * inside)


def _xnor_lua(weight: Tensor, grad: Tensor) -> Tensor:
    return _xnor_paper(weight, grad) * _share_of_others(weight)


def _xnor_lua_sgd(weight: Tensor, grad: Tensor) -> Tensor:
    return _xnor_lua(weight, grad) * _size(weight)


def _xnor_port(weight: Tensor, grad: Tensor) -> Tensor:
    return _through_scale(weight, grad) * (_share_of_others(weight) * _size(weight))


WEIGHT_GRADIENTS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "unscaled": _unscaled,
    "through_scale": _through_scale,
    "magnitude_aware": _magnitude_aware,
    "xnor_paper": _xnor_paper,
    "xnor_lua": _xnor_lua,
    "xnor_lua_sgd": _xnor_lua_sgd,
    "xnor_port": _xnor_port,
}
"""From the latent weight W and the gradient of alpha * sign(W) to that of W; the formulas stand in `MeanAbsSign`."""


CENTRED_RULES = ("xnor_lua", "xnor_lua_sgd", "xnor_port")
"""Rules with the factor 1 - 1 / C, which is 0 for one input channel."""


def weight_gradient_of(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: there is no such rule.
    """
    if name not in WEIGHT_GRADIENTS:
        raise ValueError(f"weight_gradient is {name!r}; there are {', '.join(WEIGHT_GRADIENTS)}")
    return name


@final
class MeanAbsSign(Binarizer):
    """Sign of a weight, scaled by alpha = mean |W| of each filter, with the gradient 1[|W| <= 1].

    With g the gradient of alpha * sign(W), n the values of a filter and C its input channels, the latent weight gets,
    by `weight_gradient`:

    - `unscaled`: g * 1[|W| <= 1], alpha being a constant that is left out (Bi-Real family);
    - `through_scale`: alpha * g * 1[|W| <= 1] + sign(W) / n * sum over the filter of g * sign(W), the derivative of
      alpha * sign(W);
    - `magnitude_aware`: alpha * g * 1[|W| <= 1] (Bi-Real Net's paper; its torch release is `unscaled`);
    - `xnor_paper`: g * (1 / n + alpha * 1[|W| < 1]), as XNOR-Net's paper prints it, which is not that derivative;
    - `xnor_lua`: `xnor_paper` times 1 - 1 / C, as its published code (allenai/XNOR-Net) has it for Adam;
    - `xnor_lua_sgd`: the same times n, as that code has it for SGD;
    - `xnor_port`: `through_scale` times (1 - 1 / C) * n (jiecaoyu/XNOR-Net-PyTorch).

    The factor n makes steps of SGD about as large as without alpha; Adam does not feel it. With one input
    channel, the rules with 1 - 1 / C give no gradient at all, and building a layer with them raises an error.

    Raises:
        ValueError: there is no such `weight_gradient`.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
        Neural Networks", arXiv:1603.05279; the other two rules are those of Liu et al. 2018, "Bi-Real Net",
        arXiv:1808.00278.
    """

    gradient_is_step: ClassVar[bool] = True

    def __init__(self, weight_gradient: str = "unscaled") -> None:
        super().__init__()
        self.weight_gradient = weight_gradient_of(weight_gradient)

    def gradient(self, z: Tensor) -> Tensor:
        """1 where |z| <= 1, 0 elsewhere."""
        return _within(z)

    def scale(self, x: Tensor) -> Tensor:
        """Mean |x| of each filter, shape (out,), without a gradient."""
        return mean_abs(x)

    def check_weight(self, shape: Sequence[int]) -> None:
        """Refuse one input channel where the rule has the factor 1 - 1 / C."""
        if self.weight_gradient in CENTRED_RULES and shape[1] == 1:
            raise ValueError(
                f"mean_abs_sign with the weight gradient {self.weight_gradient} multiplies by 1 - 1 / C, and a weight "
                f"of shape {tuple(shape)} has C = 1 input channel per group: no weight would get a gradient; give at "
                "least 2 input channels per group, or another weight_gradient, such as through_scale"
            )

    def latent_gradient(self, z: Tensor, grad: Tensor) -> Tensor:
        """The rule named by `weight_gradient`."""
        return WEIGHT_GRADIENTS[self.weight_gradient](z, grad)

    def extra_repr(self) -> str:
        """The rule, for print(model)."""
        return f"weight_gradient={self.weight_gradient!r}"
