"""The windows of convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]

_MOST = 255  # a kernel's side, a stride, a dilation


@dataclass(frozen=True)
class Window:
    """Kernel size, stride, padding and dilation; each is a pair of height and width."""

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @classmethod
    def decode(cls, attributes: Sequence[int]) -> Window:
        """From ``kh kw sh sw ph pw dh dw``.

        Raises:
            ValueError: there are not exactly eight, or one is outside the range that the format allows.
        """
        kh, kw, sh, sw, ph, pw, dh, dw = attributes
        window = cls((kh, kw), (sh, sw), (ph, pw), (dh, dw))
        for name, pair in (("kernel", (kh, kw)), ("stride", (sh, sw)), ("dilation", (dh, dw))):
            if not all(1 <= side <= _MOST for side in pair):
                raise ValueError(f"{name} {pair[0]}, {pair[1]}; allowed are 1 to {_MOST}")
        if not all(0 <= side < reach for side, reach in zip((ph, pw), window.reach, strict=True)):
            raise ValueError(f"padding {ph}, {pw}; it must be less than the dilated kernel, which is {window.reach}")
        return window

    def encode(self) -> list[int]:
        """``kh kw sh sw ph pw dh dw``."""
        return [*self.kernel, *self.stride, *self.padding, *self.dilation]

    @property
    def taps(self) -> int:
        """Pixels under the window."""
        return self.kernel[0] * self.kernel[1]

    @property
    def reach(self) -> Pair:
        """Pixels from the first tap to the last one, both included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))  # type: ignore[return-value]

    def output_size(self, height: int, width: int) -> Pair:
        """Height and width of the output, rounded down; less than 1 where the kernel is larger than the image."""
        sizes = zip((height, width), self.reach, self.stride, self.padding, strict=True)
        return tuple((size + 2 * p - reach) // s + 1 for size, reach, s, p in sizes)  # type: ignore[return-value]

    def output_size_up(self, height: int, width: int) -> Pair:
        """The same rounded up, as a pool's may be."""
        return self.output_size(height + self.stride[0] - 1, width + self.stride[1] - 1)

    def patches(self, images: NDArray[Any], fill: Any, output: Pair | None = None) -> NDArray[Any]:
        """The input values under the window of each output pixel.

        Args:
            images: [N, H, W, C].
            fill: value of a tap outside the image.
            output: height and width of the output; `output_size` by default.

        Returns:
            [N, output height, output width, kh, kw, C].
        """
        count, *sizes, channels = images.shape
        output = output or self.output_size(sizes[0], sizes[1])
        result = np.full((count, *output, *self.kernel, channels), fill, images.dtype)
        inside = [self.inside(axis, output[axis], sizes[axis]) for axis in range(2)]
        places = [self._places(axis, output[axis]) for axis in range(2)]
        for ky, kx in np.ndindex(*self.kernel):
            ys, xs = (np.nonzero(inside[axis][:, tap])[0] for axis, tap in enumerate((ky, kx)))
            if len(ys) and len(xs):
                taken = images[:, places[0][ys, ky]][:, :, places[1][xs, kx]]
                result[:, ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1, ky, kx] = taken
        return result

    def inside(self, axis: int, outputs: int, size: int) -> NDArray[np.bool_]:
        """Whether a tap lies inside of the image, along one axis: bool [outputs, k]."""
        at = self._places(axis, outputs)
        return (at >= 0) & (at < size)

    def _places(self, axis: int, outputs: int) -> NDArray[np.int64]:
        """Where each tap of each output lies: [outputs, k]."""
        starts = np.arange(outputs, dtype=np.int64) * self.stride[axis] - self.padding[axis]
        return starts[:, None] + np.arange(self.kernel[axis]) * self.dilation[axis]

    def __str__(self) -> str:
        """The kernel, and what differs from a plain one."""
        usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
        said = [
            f"{name} {value[0]}" if value[0] == value[1] else f"{name} {value[0]}, {value[1]}"
            for name, plain in usual.items()
            if (value := getattr(self, name)) != plain
        ]
        return ", ".join([f"{self.kernel[0]}x{self.kernel[1]}", *said])


def check_groups(groups: int, channels: int, outputs: int) -> int:
    """Channels of the input that an output sees.

    Raises:
        ValueError: the groups do not divide both.
    """
    if groups < 1 or channels % groups or outputs % groups:
        raise ValueError(f"{groups} groups; they must divide {channels} channels and {outputs} outputs")
    return channels // groups
