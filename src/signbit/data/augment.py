"""Random changes of whole batches of pixels, on the device, from a generator of their own."""

from typing import final

import torch
from torch import Tensor
from torch.nn import functional

PADDINGS = ("black", "reflect")
_RATIOS = (3 / 4, 4 / 3)  # of width to height, of a resized crop
_ERASED_SHARES, _ERASED_RATIOS = (0.02, 0.33), (0.3, 3.3)
_TRIES = 10  # boxes drawn for an image before it stays as it is
# Principal components of the colours of ImageNet's pixels, on the scale 0 to 1.
_COLOUR_SPREAD = (0.2175, 0.0188, 0.0045)
_COLOURS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


@final
class Augment:
    """Crops at a random place, flips every second image on average, changes the light, erases; each image on its own.

    Shapes: uint8 (N, C, H, W) to the same. The random numbers come from one generator on the CPU, so the same seed
    gives the same images on every device.

    Args:
        crop_padding: pixels added at each side before the crop; 0 leaves it out.
        flip: flip left and right with probability one half.
        seed: of the generator.
        padding: `black`, or `reflect` the image at its border.
        resized_crop: smallest and largest share of the area that a crop takes before it is brought to the size of the
            image again, bilinearly; its sides have a ratio of 3/4 to 4/3. None leaves it out.
        lighting: standard deviation of a change of colour along ImageNet's principal components; needs 3 channels.
        erasing: probability of erasing a rectangle of 2 to 33 % of the area.
        fill: of each channel on the scale 0 to 1, what an erased pixel becomes; black by default.

    Raises:
        ValueError: an argument is outside its range.

    Source:
        Szegedy et al. 2015, arXiv:1409.4842 (resized crops); Krizhevsky, Sutskever and Hinton 2012, "ImageNet
        Classification with Deep Convolutional Neural Networks", NeurIPS (lighting); Zhong, Zheng, Kang, Li and Yang
        2017, "Random Erasing Data Augmentation", arXiv:1708.04896.
    """

    def __init__(
        self,
        crop_padding: int = 0,
        flip: bool = False,
        seed: int = 0,
        *,
        padding: str = "black",
        resized_crop: tuple[float, float] | None = None,
        lighting: float = 0.0,
        erasing: float = 0.0,
        fill: tuple[float, ...] = (),
    ) -> None:
        if crop_padding < 0:
            raise ValueError(f"crop_padding is {crop_padding!r}; give 0 or more pixels")
        if padding not in PADDINGS:
            raise ValueError(f"padding is {padding!r}; there are {', '.join(PADDINGS)}")
        if resized_crop is not None and not 0 < resized_crop[0] <= resized_crop[1] <= 1:
            raise ValueError(f"resized_crop is {resized_crop!r}; give two shares, ascending, above 0 and up to 1")
        if lighting < 0 or not 0 <= erasing <= 1:
            raise ValueError(f"lighting is {lighting!r}, erasing {erasing!r}; give 0 or more, and a probability")
        self.crop_padding, self.flip, self.padding, self.resized_crop = crop_padding, flip, padding, resized_crop
        self.lighting, self.erasing, self.fill = lighting, erasing, fill
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, images: Tensor) -> Tensor:
        """Augment a batch."""
        if self.resized_crop is not None:
            images = self._resized_crop(images, self.resized_crop)
        if self.crop_padding:
            images = self._crop(images)
        if self.flip:
            flipped = self._uniform(len(images)) < 0.5
            images = torch.where(flipped.to(images.device)[:, None, None, None], images.flip(-1), images)
        if self.lighting:
            images = self._light(images)
        return self._erase(images) if self.erasing else images

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return torch.rand(shape, generator=self.generator) * (high - low) + low

    def _crop(self, images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        pad = self.crop_padding
        sides = (pad, pad, pad, pad)
        # torch reflects floats only; every uint8 is one.
        padded = (
            functional.pad(images, sides)
            if self.padding == "black"
            else functional.pad(images.float(), sides, mode="reflect").to(torch.uint8)
        )
        corners = torch.randint(0, 2 * pad + 1, (2, count, 1), generator=self.generator).to(images.device)
        rows = corners[0] + torch.arange(height, device=images.device)
        columns = corners[1] + torch.arange(width, device=images.device)
        batch = torch.arange(count, device=images.device)[:, None, None]
        return padded.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()

    def _boxes(self, count: int, shares: tuple[float, float], ratios: tuple[float, float]) -> tuple[Tensor, Tensor]:
        """Heights and widths (N,) as shares of the image's, above 1 where the box does not fit."""
        area = self._uniform(count, low=shares[0], high=shares[1])
        logs = torch.tensor(ratios).log().tolist()
        ratio = self._uniform(count, low=logs[0], high=logs[1]).exp()
        return (area / ratio).sqrt(), (area * ratio).sqrt()

    def _fitting_boxes(
        self, count: int, shares: tuple[float, float], ratios: tuple[float, float]
    ) -> tuple[Tensor, Tensor]:
        """The first of ten boxes that fits, for each image; one that is still above 1 if none does."""
        height, width = self._boxes(count, shares, ratios)
        for _ in range(_TRIES - 1):
            fits = (height <= 1) & (width <= 1)
            other = self._boxes(count, shares, ratios)
            height, width = torch.where(fits, height, other[0]), torch.where(fits, width, other[1])
        return height, width

    def _resized_crop(self, images: Tensor, shares: tuple[float, float]) -> Tensor:
        height, width = (side.clamp_max(1) for side in self._fitting_boxes(len(images), shares, _RATIOS))
        # On the scale of grid_sample, -1 to 1, a side of `height` leaves the middle 1 - height to either side.
        down = (1 - height) * self._uniform(len(images), low=-1)
        across = (1 - width) * self._uniform(len(images), low=-1)
        zero = torch.zeros_like(height)
        maps = torch.stack([torch.stack([width, zero, across], 1), torch.stack([zero, height, down], 1)], 1)
        grid = functional.affine_grid(maps.to(images.device), list(images.shape), align_corners=False)
        cut = functional.grid_sample(images.float(), grid, "bilinear", "border", align_corners=False)
        return cut.round().clamp(0, 255).to(torch.uint8)

    def _light(self, images: Tensor) -> Tensor:
        amounts = torch.randn(len(images), 3, generator=self.generator) * self.lighting
        change = (amounts * torch.tensor(_COLOUR_SPREAD)) @ torch.tensor(_COLOURS).T * 255
        lit = images.float() + change.to(images.device)[:, :, None, None]
        return lit.round().clamp(0, 255).to(torch.uint8)

    def _erase(self, images: Tensor) -> Tensor:
        count, channels, rows, columns = images.shape
        chosen = self._uniform(count) < self.erasing
        height, width = self._fitting_boxes(count, _ERASED_SHARES, _ERASED_RATIOS)
        chosen &= (height <= 1) & (width <= 1)
        tall, wide = (height * rows).round(), (width * columns).round()
        top = (self._uniform(count) * (rows - tall + 1)).floor()
        left = (self._uniform(count) * (columns - wide + 1)).floor()
        inside_rows = _inside(torch.arange(rows), top, tall)[:, :, None]
        inside = inside_rows & _inside(torch.arange(columns), left, wide)[:, None, :] & chosen[:, None, None]
        fill = torch.tensor(self.fill or (0.0,) * channels).mul(255).round().to(torch.uint8)
        return torch.where(inside[:, None].to(images.device), fill.to(images.device)[:, None, None], images)


def _inside(places: Tensor, start: Tensor, length: Tensor) -> Tensor:
    """Which places (P,) lie in the range of each image: (N, P)."""
    return (places >= start[:, None]) & (places < (start + length)[:, None])
