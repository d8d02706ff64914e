"""From photo to pixels: sizes, crops, orientation, and every kind of colour."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from signbit.preprocessing import Preprocessing, read_image


def noise(seed: int, height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return values if channels > 1 else values[:, :, 0]


def test_an_image_of_the_models_size_is_taken_as_it_is(seed: int) -> None:
    for channels in (1, 3):
        values = noise(seed, 7, 9, channels)
        pixels = Preprocessing().pixels(Image.fromarray(values), 7, 9, channels)
        assert pixels.shape == (7, 9, channels)
        assert pixels.dtype == np.uint8
        assert np.array_equal(pixels.squeeze(), values)


@pytest.mark.parametrize("name", ["bilinear", "bicubic"])
def test_stretching_is_pillows_resize(name: str, seed: int) -> None:
    image = Image.fromarray(noise(seed, 20, 31))
    wanted = image.resize((8, 5), Image.Resampling[name.upper()])
    assert np.array_equal(Preprocessing(filter=name).pixels(image, 5, 8, 3), np.asarray(wanted))


# torchvision's CenterCrop starts at int(round((size - crop) / 2)), and Python rounds halves to even.
@pytest.mark.parametrize(("width", "left"), [(4, 0), (5, 0), (6, 1), (7, 2), (8, 2), (9, 2), (10, 3), (11, 4)])
def test_the_middle_is_cut_out_as_torchvision_does(width: int, left: int, seed: int) -> None:
    values = noise(seed, 4, width)
    pixels = Preprocessing(resize=4).pixels(Image.fromarray(values), 4, 4, 3)
    assert np.array_equal(pixels, values[:, left : left + 4])
    turned = Preprocessing(resize=4).pixels(Image.fromarray(values.transpose(1, 0, 2).copy()), 4, 4, 3)
    assert np.array_equal(turned, values[:, left : left + 4].transpose(1, 0, 2))


# torchvision's Resize(8): the shorter side is 8, the longer one int(8 * longer / shorter).
@pytest.mark.parametrize(
    ("size", "scaled"),
    [((30, 20), (12, 8)), ((20, 30), (8, 12)), ((10, 3), (26, 8)), ((3, 4), (8, 10)), ((5, 5), (8, 8))],
)
def test_the_shorter_side_is_scaled_as_torchvision_does(
    size: tuple[int, int], scaled: tuple[int, int], seed: int
) -> None:
    image = Image.fromarray(noise(seed, size[1], size[0]))
    whole = np.asarray(image.resize(scaled, Image.Resampling.BICUBIC))
    top, left = round((scaled[1] - 6) / 2), round((scaled[0] - 6) / 2)
    assert np.array_equal(Preprocessing(resize=8).pixels(image, 6, 6, 3), whole[top : top + 6, left : left + 6])


def test_a_photo_is_turned_as_its_camera_was(seed: int) -> None:
    upright = noise(seed, 6, 4)
    for orientation, stored in (
        (1, upright),
        (3, upright[::-1, ::-1]),
        (6, np.rot90(upright)),
        (8, np.rot90(upright, 3)),
    ):
        exif = Image.Exif()
        exif[0x0112] = orientation
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(stored)).save(file, "png", exif=exif)
        assert np.array_equal(Preprocessing().pixels(read_image(file), 6, 4, 3), upright), orientation


def through_a_file(image: Image.Image, kind: str, **options: object) -> Image.Image:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return read_image(file)


def test_what_is_transparent_lies_on_white(seed: int) -> None:
    values = noise(seed, 8, 8, 4)
    values[:4, :, 3] = 255
    values[4:, :, 3] = 0
    pixels = Preprocessing().pixels(through_a_file(Image.fromarray(values, "RGBA"), "png"), 8, 8, 3)
    assert np.array_equal(pixels[:4], values[:4, :, :3])
    assert (pixels[4:] == 255).all()
    half = Image.new("RGBA", (2, 2), (0, 0, 0, 128))
    assert np.abs(Preprocessing().pixels(half, 2, 2, 3).astype(int) - 127).max() <= 1


def test_transparency_of_palettes_and_grey() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.putpixel((1, 0), 1)
    pixels = Preprocessing().pixels(through_a_file(palette, "png", transparency=0), 1, 2, 3)
    assert pixels.tolist() == [[[255, 255, 255], [200, 100, 50]]]
    pixels = Preprocessing().pixels(through_a_file(palette, "gif", transparency=1), 1, 2, 3)
    assert pixels.tolist() == [[[10, 20, 30], [255, 255, 255]]]
    grey = Image.new("LA", (2, 1), (7, 0))
    grey.putpixel((1, 0), (9, 255))
    assert Preprocessing().pixels(through_a_file(grey, "png"), 1, 2, 1).ravel().tolist() == [255, 9]


@pytest.mark.parametrize("kind", ["png", "pgm", "tiff"])
def test_sixteen_bits_become_their_upper_eight(kind: str) -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    if kind == "pgm":
        image = read_image(io.BytesIO(b"P5 5 1 65535\n" + values.astype(">u2").tobytes()))
    else:
        image = through_a_file(Image.fromarray(values), kind)
    assert Preprocessing().pixels(image, 1, 5, 1).ravel().tolist() == [0, 0, 1, 128, 255]
    assert Preprocessing().pixels(image, 1, 5, 3)[:, :, 2].ravel().tolist() == [0, 0, 1, 128, 255]


def test_grey_black_and_white_and_cmyk(seed: int) -> None:
    grey = noise(seed, 5, 5, 1)
    assert np.array_equal(Preprocessing().pixels(Image.fromarray(grey), 5, 5, 3), np.stack([grey] * 3, -1))
    bits = Image.fromarray(grey > 127)
    assert np.array_equal(Preprocessing().pixels(bits, 5, 5, 1)[:, :, 0], (grey > 127) * np.uint8(255))
    red = np.full((16, 16, 3), (200, 30, 40), np.uint8)
    cmyk = through_a_file(Image.fromarray(red).convert("CMYK"), "jpeg", quality=100)
    assert cmyk.mode == "CMYK"
    assert np.abs(Preprocessing().pixels(cmyk, 16, 16, 3).astype(int) - red).max() <= 4


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("F", (4, 4)), "mode is F, without an agreed black and white; save it as RGB or grey"),
        (Image.new("LAB", (4, 4)), "mode is LAB"),
        (Image.new("I", (4, 4), 70000), "numbers from 70000 to 70000; grey images hold 0 to 65535"),
    ],
)
def test_colours_without_an_agreed_meaning(image: Image.Image, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Preprocessing().pixels(image, 4, 4, 3)


def test_shapes_that_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"resize is 32, less than the 32x33 pixels to cut out; give at least 33"):
        Preprocessing(resize=32).pixels(Image.new("RGB", (100, 100)), 32, 33, 3)
    with pytest.raises(ValueError, match=r"resize is 133, and of that only 32x33 pixels are cut out; give at most 132"):
        Preprocessing(resize=133).check(32, 33, 3)
    with pytest.raises(ValueError, match=r"2 channels; photos have 1 \(grey\) or 3 \(RGB\)"):
        Preprocessing().check(8, 8, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resize": -1}, "resize is -1; give a whole number of pixels, or 0 to stretch"),
        ({"resize": 2.5}, r"resize is 2\.5; give a whole number"),
        ({"resize": True}, "resize is True"),
        ({"filter": "nearest"}, "filter is 'nearest'; there are bilinear, bicubic"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Preprocessing(**arguments)  # type: ignore[arg-type]


def test_it_is_plain_values() -> None:
    assert Preprocessing(**dataclasses.asdict(Preprocessing(resize=72))) == Preprocessing(resize=72)


def test_broken_files_are_named(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(noise(seed, 40, 40)).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"photo\.jpg is a broken image file: .*truncated"):
        read_image(path)
    for content in (b"", b"no image", whole[:4]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"photo\.jpg is not an image file that Pillow can read"):
            read_image(path)
    with pytest.raises(FileNotFoundError, match=r"other\.jpg"):
        read_image(tmp_path / "other.jpg")
    with pytest.raises(ValueError, match="row 3 is not an image file"):
        read_image(io.BytesIO(b"no image"), "row 3")


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "tiff", "bmp", "ppm"])
def test_a_truncated_file_never_gives_pixels(kind: str, tmp_path: Path, seed: int) -> None:
    path = tmp_path / f"photo.{kind}"
    Image.fromarray(noise(seed, 40, 40)).save(path)
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ValueError, match=f"photo.{kind} is "):
            read_image(path)


def test_it_needs_no_torch() -> None:
    script = "import sys; sys.modules['torch'] = None; import signbit.preprocessing as p; p.Preprocessing(resize=8)"
    subprocess.run([sys.executable, "-c", script], check=True)
