"""Random crops and flips of whole batches of pixels, on the device, from a generator of their own."""

from typing import final

import torch
from torch import Tensor
from torch.nn import functional


@final
class Augment:
    """Pads with black, crops at a random place, flips every second image on average; each image on its own.

    Shapes: uint8 (N, C, H, W) to the same. The random numbers come from one generator on the CPU, so the same seed
    gives the same images on every device.

    Args:
        crop_padding: pixels added at each side before the crop; 0 leaves it out.
        flip: flip left and right with probability one half.
        seed: of the generator.

    Raises:
        ValueError: crop_padding is negative.
    """

    def __init__(self, crop_padding: int = 0, flip: bool = False, seed: int = 0) -> None:
        if crop_padding < 0:
            raise ValueError(f"crop_padding is {crop_padding!r}; give 0 or more pixels")
        self.crop_padding, self.flip = crop_padding, flip
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, images: Tensor) -> Tensor:
        """Augment a batch."""
        if self.crop_padding:
            images = self._crop(images)
        if self.flip:
            flipped = torch.rand(len(images), generator=self.generator) < 0.5
            images = torch.where(flipped.to(images.device)[:, None, None, None], images.flip(-1), images)
        return images

    def _crop(self, images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        pad = self.crop_padding
        padded = functional.pad(images, (pad, pad, pad, pad))
        corners = torch.randint(0, 2 * pad + 1, (2, count, 1), generator=self.generator).to(images.device)
        rows = corners[0] + torch.arange(height, device=images.device)
        columns = corners[1] + torch.arange(width, device=images.device)
        batch = torch.arange(count, device=images.device)[:, None, None]
        return padded.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
