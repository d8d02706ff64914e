"""Sign of a weight with the mean magnitude of each filter as its scale."""

from typing import ClassVar, final

from torch import Tensor

from signbit.binarizers.base import Binarizer, sign


@final
class MeanAbsSign(Binarizer):
    """Sign of a weight, scaled by alpha = mean |W| of each filter, with the gradient 1[|W| <= 1].

    With g the gradient of alpha * sign(W) and n the values of a filter, the latent weight gets, by `weight_gradient`:

    - `unscaled`: g * 1[|W| <= 1], alpha being a constant that is left out (Bi-Real family);
    - `through_scale`: alpha * g * 1[|W| <= 1] + sign(W) / n * sum over the filter of g * sign(W) (XNOR-Net);
    - `magnitude_aware`: alpha * g * 1[|W| <= 1] (the paper of Bi-Real Net; its torch release is `unscaled`).

    Raises:
        ValueError: `weight_gradient` is none of them.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
        Neural Networks", arXiv:1603.05279; the other two rules are those of Liu et al. 2018, "Bi-Real Net",
        arXiv:1808.00278.
    """

    gradient_is_step: ClassVar[bool] = True
    rules: ClassVar[tuple[str, ...]] = ("unscaled", "through_scale", "magnitude_aware")

    def __init__(self, weight_gradient: str = "unscaled") -> None:
        super().__init__()
        if weight_gradient not in self.rules:
            raise ValueError(f"weight_gradient is {weight_gradient!r}; there are {', '.join(self.rules)}")
        self.weight_gradient = weight_gradient

    def gradient(self, z: Tensor) -> Tensor:
        """1 where |z| <= 1, 0 elsewhere."""
        return (z.abs() <= 1).to(z.dtype)

    def scale(self, x: Tensor) -> Tensor:
        """Mean |x| of each filter, shape (out,), without a gradient: `latent_gradient` is the whole rule."""
        return x.detach().abs().flatten(1).mean(1)

    def latent_gradient(self, z: Tensor, grad: Tensor) -> Tensor:
        """The rule named by `weight_gradient`."""
        masked = grad * self.gradient(z)
        if self.weight_gradient == "unscaled":
            return masked
        one_filter = (-1, *[1] * (z.dim() - 1))
        scaled = self.scale(z).reshape(one_filter) * masked
        if self.weight_gradient == "magnitude_aware":
            return scaled
        signs = sign(z)
        through_scale = (grad * signs).flatten(1).mean(1).reshape(one_filter) * signs
        return scaled + through_scale

    def extra_repr(self) -> str:
        """The rule, for print(model)."""
        return f"weight_gradient={self.weight_gradient!r}"
