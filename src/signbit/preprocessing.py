"""From a photo to the pixels a model reads, the same in training and in prediction; needs Pillow, not torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from signbit.extras import need

if TYPE_CHECKING:
    from PIL import Image

FILTERS = ("bilinear", "bicubic")
MODES = {1: "L", 3: "RGB"}  # Pillow's name for so many channels


@final
@dataclass(frozen=True)
class Preprocessing:
    """How a photo becomes the pixels a model reads.

    What a viewer shows is what the model sees: the orientation in the photo's EXIF data is applied, and what is
    transparent lies on white. 16 bits a channel are cut to the upper 8, CMYK becomes RGB by Pillow's plain formula, and
    of an animation the first picture is taken.

    Args:
        resize: 0 stretches the photo to the model's size; any other number keeps its proportions: the shorter side is
            scaled to so many pixels and the middle is cut out, rounded as torchvision rounds.
        filter: `bilinear` or `bicubic`, Pillow's, which average over all pixels when they make an image smaller.

    Raises:
        ValueError: resize is not a whole number from 0, or there is no such filter.
    """

    resize: int = 0
    filter: str = "bicubic"

    def __post_init__(self) -> None:
        if not isinstance(self.resize, int) or isinstance(self.resize, bool) or self.resize < 0:
            raise ValueError(f"resize is {self.resize!r}; give a whole number of pixels, or 0 to stretch")
        if self.filter not in FILTERS:
            raise ValueError(f"filter is {self.filter!r}; there are {', '.join(FILTERS)}")

    def check(self, height: int, width: int, channels: int) -> None:
        """See that pixels of this shape can be made.

        Raises:
            ValueError: what is cut out is larger than what it is cut from, or less than a quarter of it along both
                sides, or there are neither 1 nor 3 channels.
        """
        if channels not in MODES:
            raise ValueError(f"the model reads images of {channels} channels; photos have 1 (grey) or 3 (RGB)")
        if 0 < self.resize < max(height, width):
            raise ValueError(
                f"resize is {self.resize}, less than the {height}x{width} pixels to cut out; "
                f"give at least {max(height, width)}, or 0 to stretch"
            )
        if self.resize > 4 * max(height, width):
            raise ValueError(
                f"resize is {self.resize}, and of that only {height}x{width} pixels are cut out; "
                f"give at most {4 * max(height, width)}"
            )

    def pixels(self, image: Image.Image, height: int, width: int, channels: int) -> NDArray[np.uint8]:
        """Pixels of a photo, uint8 [height, width, channels].

        Raises:
            ValueError: see `check`; or its colours have no agreed black and white (32-bit numbers, CIE Lab).
        """
        need("PIL", __name__)
        from PIL import Image, ImageOps

        self.check(height, width, channels)
        photo = _with_mode(ImageOps.exif_transpose(image), MODES[channels])
        wanted = _scaled_size(*photo.size, self.resize) if self.resize else (width, height)
        if photo.size != wanted:
            photo = photo.resize(wanted, Image.Resampling[self.filter.upper()])
        left, top = (round((have - take) / 2) for have, take in zip(photo.size, (width, height), strict=True))
        return np.array(photo.crop((left, top, left + width, top + height)), np.uint8).reshape(height, width, channels)

    def read(self, file: Path | BinaryIO, height: int, width: int, channels: int, name: str = "") -> NDArray[np.uint8]:
        """Pixels of an image file, uint8 [height, width, channels]; `name` and errors: see `read_image`."""
        image = read_image(file, name)
        try:
            return self.pixels(image, height, width, channels)
        except ValueError as error:
            raise ValueError(f"{name or file}: {error}") from error


def read_image(file: Path | BinaryIO, name: str = "") -> Image.Image:
    """A whole image file, decoded.

    Args:
        name: what an error calls it; by default its path.

    Raises:
        ValueError: it is no image file, or a broken one.
        OSError: there is no such file, or it may not be read.
    """
    need("PIL", __name__)
    from PIL import Image, UnidentifiedImageError

    name = name or str(file)
    try:
        with Image.open(file) as image:
            image.load()
            return image
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not an image file that Pillow can read") from None
    except Exception as error:  # Pillow's readers raise whatever the broken byte meets
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{name} is a broken image file: {error}") from error


def _scaled_size(width: int, height: int, shorter: int) -> tuple[int, int]:
    """(width, height) with the shorter side given; the longer one is rounded down, as torchvision does."""
    if width <= height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def _with_mode(image: Image.Image, mode: str) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I"):
        image = _upper_eight_bits(image)
    if image.has_transparency_data:
        # Under a transparent pixel lies whatever colour the program that drew it left there.
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    if image.mode in ("F", "LAB"):
        raise ValueError(f"the image's mode is {image.mode}, without an agreed black and white; save it as RGB or grey")
    return image if image.mode == mode else image.convert(mode)


def _upper_eight_bits(image: Image.Image) -> Image.Image:
    """A grey image of 16 bits with 8: Pillow does the same to colours, but cuts grey off at 255."""
    from PIL import Image

    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"the image holds numbers from {values.min()} to {values.max()}; grey images hold 0 to 65535")
    return Image.fromarray((values >> 8).astype(np.uint8))
