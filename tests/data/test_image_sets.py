"""Sets of image files: folders of classes and the layout of Tiny ImageNet, made here, whole and broken."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from signbit import data
from signbit.data import DataError, image_files, tiny_imagenet
from signbit.preprocessing import Preprocessing

photographs = functools.cache(load_sample_images)


def photo(seed: int, width: int, height: int) -> Image.Image:
    """A piece of one of scikit-learn's two photographs."""
    values = photographs().images[seed % 2]
    row, column = np.random.default_rng(seed).integers(0, 300, 2)
    return Image.fromarray(values[row : row + 100, column : column + 150]).resize((width, height))


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


KINDS = ("png", "jpg", "JPEG", "bmp", "gif", "webp")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """train with two classes of 12 and 9 images of many kinds and sizes."""
    for label, (name, count) in enumerate((("dog", 12), ("cat", 9))):
        for index in range(count):
            image = photo(20 * label + index, 20 + 3 * index, 40 - index)
            save(image, tmp_path / "train" / name / f"{index:02}.{KINDS[index % len(KINDS)]}")
    (tmp_path / "train" / ".cache").mkdir()
    (tmp_path / "train" / "cat" / ".hidden").write_bytes(b"no image")
    return tmp_path


def test_folders_of_classes(folder: Path) -> None:
    splits = data.load("image_folder", folder, size=24, held_out=0.25)
    assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [13, 4, 4]
    assert splits.train.class_names == ("cat", "dog")
    assert splits.test.labels.tolist() == [0, 0, 1, 1]
    assert splits.test.images.shape == (4, 3, 24, 24)
    assert splits.train.preprocessing == Preprocessing()
    pixels = splits.train.images.double() / 255
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(splits.train.mean, abs=1e-4)
    assert pixels.std((0, 2, 3)).tolist() == pytest.approx(splits.test.std, abs=1e-4)


def test_pixels_are_those_that_predict_makes(folder: Path) -> None:
    splits = data.load("image_folder", folder, size=16, resize=20, filter="bilinear", channels=1, held_out=0)
    everything = torch.cat([splits.train.images, splits.test.images])
    for path in folder.glob("train/*/[0-9]*"):
        wanted = Preprocessing(20, "bilinear").read(path, 16, 16, 1)
        assert any(np.array_equal(image.permute(1, 2, 0), wanted) for image in everything), path
    assert len(everything) == 21
    assert splits.train.preprocessing == Preprocessing(20, "bilinear")


def test_the_same_split_every_time(folder: Path) -> None:
    first, again, other = (data.load("image_folder", folder, size=8, split=split) for split in (1, 1, 2))
    for part in ("train", "held_out", "test"):
        assert torch.equal(getattr(first, part).images, getattr(again, part).images)
    assert not torch.equal(first.test.images, other.test.images)


@pytest.mark.parametrize("name", ["val", "test"])
def test_a_part_of_its_own_tests(name: str, folder: Path) -> None:
    save(photo(50, 30, 30), folder / name / "dog" / "x.png")
    splits = data.load("image_folder", folder, size=8)
    assert splits.test.labels.tolist() == [1]
    assert len(splits.train) + len(splits.held_out) == 21


def test_val_is_held_out_beside_a_test_part(folder: Path) -> None:
    save(photo(50, 30, 30), folder / "val" / "dog" / "x.png")
    save(photo(51, 30, 30), folder / "test" / "cat" / "x.png")
    splits = data.load("image_folder", folder, size=8)
    assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [21, 1, 1]
    assert (splits.held_out.labels.tolist(), splits.test.labels.tolist()) == ([1], [0])


def test_wrong_folders(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNBIT_DATA", raising=False)
    hint = "; the data folder holds train/CLASS/IMAGE and, if you like, val or test"

    def refused(message: str, place: Path | None = folder) -> None:
        with pytest.raises(DataError, match=f"{message}.*{hint}"):
            data.load("image_folder", place, size=8)

    refused("no data folder given; name it, or set SIGNBIT_DATA", None)
    refused("nowhere does not exist", folder / "nowhere")
    refused("train is missing", folder / "train")
    (folder / "train" / "bird").mkdir()
    refused("train/bird holds no image")
    (folder / "train" / "bird").rmdir()
    (folder / "train" / "bird.png").write_bytes(b"")
    refused(r"train/bird\.png is a file, expected a folder")
    (folder / "train" / "bird.png").unlink()
    save(photo(1, 9, 9), folder / "test" / "bird" / "1.png")
    refused("test/bird: train has no class 'bird'; there are cat, dog")
    (folder / "test" / "bird" / "1.png").unlink()
    (folder / "test" / "bird").rmdir()
    refused("test holds no class")
    (folder / "test").rmdir()
    (folder / "val").write_bytes(b"")
    refused("val is a file, expected a folder")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.txt", b"text", r"train/cat/notes\.txt is no image file \(\.bmp .*\); move it elsewhere"),
        ("photo.heic", b"text", r"train/cat/photo\.heic is no image file"),
        (
            "photo.png",
            b"text",
            r"train/cat/photo\.png is not an image file that Pillow can read; the data folder holds",
        ),
        ("photo.png", b"", r"train/cat/photo\.png is not an image file that Pillow can read"),
        ("photo.jpg", None, r"train/cat/photo\.jpg is a broken image file: .*[Tt]runcated"),
    ],
)
def test_wrong_images(name: str, content: bytes | None, message: str, folder: Path) -> None:
    path = folder / "train" / "cat" / name
    whole = (folder / "train" / "cat" / "01.jpg").read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(DataError, match=message):
        data.load("image_folder", folder, size=8)


def test_a_folder_or_a_dangling_link_among_the_images(folder: Path) -> None:
    path = folder / "train" / "dog" / "more.png"
    path.symlink_to(folder / "gone.png")
    with pytest.raises(DataError, match=r"train/dog/more\.png is no image file"):
        data.load("image_folder", folder, size=8)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r"train/dog/more\.png is no image file"):
        data.load("image_folder", folder, size=8)


def test_too_few_images(tmp_path: Path) -> None:
    save(photo(0, 9, 9), tmp_path / "train" / "cat" / "1.png")
    with pytest.raises(DataError, match="train holds 1 classes; a classifier needs two or more"):
        data.load("image_folder", tmp_path, size=8)
    save(photo(0, 9, 9), tmp_path / "train" / "dog" / "1.png")
    with pytest.raises(DataError, match=r"have too few images: a share of 0\.2 of each is no image to test"):
        data.load("image_folder", tmp_path, size=8)
    save(photo(0, 9, 9), tmp_path / "test" / "dog" / "1.png")
    with pytest.raises(DataError, match=r"too few images: a share of 0\.1 of each is no image to hold out"):
        data.load("image_folder", tmp_path, size=8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "image_folder needs the argument 'size'; there are size, resize, filter, channels"),
        ({"size": 8, "sise": 8}, "image_folder has no argument 'sise'; there are size, resize, filter, channels"),
        ({"size": 0}, "size is 0; give the height and width"),
        ({"size": "big"}, "size is 'big'; give the height and width"),
        ({"size": 8, "resize": 7}, "resize is 7, less than the 8x8 pixels to cut out; give at least 8"),
        ({"size": 8, "resize": "7"}, "resize is '7'; give a whole number"),
        ({"size": 8, "filter": "nearest"}, "there are bilinear, bicubic"),
        ({"size": 8, "channels": 4}, r"4 channels; photos have 1 \(grey\) or 3"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        data.load("image_folder", tmp_path, **arguments)  # type: ignore[arg-type]


def test_what_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:  # who runs the tests may be allowed everything
        patched.setattr(Path, "iterdir", denied)
        with pytest.raises(DataError, match="train cannot be read: Permission denied"):
            data.load("image_folder", folder, size=8)
    monkeypatch.setattr(Image, "open", denied)
    with pytest.raises(DataError, match=r"cat/00\.png cannot be read: Permission denied"):
        data.load("image_folder", folder, size=8)


def test_the_first_broken_file_is_named_whatever_the_threads_do(folder: Path) -> None:
    for path in (folder / "train" / "dog").iterdir():
        path.write_bytes(b"broken")
    for _ in range(5):
        with pytest.raises(DataError, match=r"dog/00\.png is not an image file"):
            data.load("image_folder", folder, size=8)


def test_more_memory_than_there_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 images of shape .* need .* GiB of memory; make them smaller"):
        image_files.read_images([1, 2], lambda _: np.zeros((1, 1, 3), np.uint8), (3, 10**8, 10**8), "")


def test_a_constant_channel_has_a_spread_to_divide_by(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for index in range(10):
            save(Image.new("RGB", (9, 9), (0, 51, 25 * index)), tmp_path / "train" / name / f"{index}.png")
    train = data.load("image_folder", tmp_path, size=8).train
    assert train.mean[:2] == (0, 0.2)
    assert train.std[:2] == (1, 1)
    assert train.std[2] > 0.1


WORDNET = ("n02124075", "n01443537", "n07920052")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The layout of Tiny ImageNet with three classes of ten images, and six images to test."""
    monkeypatch.setattr(tiny_imagenet, "CLASSES", 3)
    monkeypatch.setattr(tiny_imagenet, "IMAGES_OF_A_CLASS", 10)
    monkeypatch.setattr(tiny_imagenet, "TEST_IMAGES", 6)
    place = tmp_path / "tiny-imagenet-200"
    for label, wordnet in enumerate(WORDNET):
        for index in range(10):
            image = photo(10 * label + index, 64, 64)
            image = image.convert("L") if index == 3 else image  # as some of the published ones are
            save(image, place / "train" / wordnet / "images" / f"{wordnet}_{index}.JPEG")
        (place / "train" / wordnet / f"{wordnet}_boxes.txt").write_text("")
    for index in range(6):
        save(photo(40 + index, 64, 64), place / "val" / "images" / f"val_{index}.JPEG")
    lines = [f"val_{index}.JPEG\t{WORDNET[index % 3]}\t0\t32\t44\t62\n" for index in range(6)]
    (place / "val" / "val_annotations.txt").write_text("".join(lines))
    save(photo(60, 64, 64), place / "test" / "images" / "test_0.JPEG")
    (place / "wnids.txt").write_text("".join(f"{wordnet}\n" for wordnet in WORDNET))
    words = {"n00001740": "entity", "n01443537": "goldfish, Carassius auratus", "n02124075": "Egyptian cat"}
    words["n07920052"] = "espresso"
    (place / "words.txt").write_text("".join(f"{key}\t{value}\n" for key, value in words.items()))
    return place


def test_tiny_imagenet(tiny: Path) -> None:
    for folder in (tiny, tiny.parent):
        splits = data.load("tiny_imagenet", folder, held_out=0.2)
        assert [len(s) for s in (splits.train, splits.held_out, splits.test)] == [24, 6, 6]
    assert splits.train.class_names == ("goldfish, Carassius auratus", "Egyptian cat", "espresso")
    assert splits.test.labels.tolist() == [1, 0, 2, 1, 0, 2]
    assert splits.train.images.shape == (24, 3, 64, 64)
    first = np.asarray(Image.open(tiny / "val" / "images" / "val_0.JPEG"))
    assert np.array_equal(splits.test.images[0].permute(1, 2, 0), first)
    everything = torch.cat([splits.train.images, splits.held_out.images])
    assert sum(bool((image[0] == image[1]).all() and (image[1] == image[2]).all()) for image in everything) == 3
    assert splits.train.preprocessing == Preprocessing(resize=64)


def _rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


DAMAGES = {
    "a file is missing": (lambda p: (p / "wnids.txt").unlink(), "wnids.txt is missing"),
    "a class too few": (lambda p: _rewrite(p / "wnids.txt", "n02124075\n", ""), "names 2 classes, expected 3"),
    "not text": (lambda p: (p / "words.txt").write_bytes(b"\xff\xfe\x00"), "words.txt is not text"),
    "a class without a name": (lambda p: _rewrite(p / "words.txt", "n07920052", ""), "words.txt has no name for n0792"),
    "no folder of a class": (
        lambda p: os.rename(p / "train" / "n02124075", p / "elsewhere"),
        "train/n02124075/images is missing",
    ),
    "an image too few": (
        lambda p: (p / "train/n02124075/images/n02124075_4.JPEG").unlink(),
        "train/n02124075/images holds 9 images, expected 10",
    ),
    "an image cut short": (
        lambda p: (p / "train/n02124075/images/n02124075_4.JPEG").write_bytes(
            (p / "train/n02124075/images/n02124075_5.JPEG").read_bytes()[:800]
        ),
        "n02124075_4.JPEG is a broken image file",
    ),
    "an image of another size": (
        lambda p: save(photo(1, 32, 64), p / "train/n02124075/images/n02124075_4.JPEG"),
        "n02124075_4.JPEG has 32x64 pixels, expected 64x64",
    ),
    "no annotations": (lambda p: (p / "val/val_annotations.txt").unlink(), "val_annotations.txt is missing"),
    "an annotation too few": (
        lambda p: _rewrite(p / "val/val_annotations.txt", "val_5.JPEG\tn07920052\t0\t32\t44\t62\n", ""),
        "val_annotations.txt has 5 lines, expected 6",
    ),
    "an unknown class": (
        lambda p: _rewrite(p / "val/val_annotations.txt", "n02124075", "n9"),
        "val_annotations.txt, line 1: 'n9' is none of the classes",
    ),
    "a test image is missing": (lambda p: (p / "val/images/val_2.JPEG").unlink(), "val_2.JPEG is missing"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_damaged_tiny_imagenet(case: str, tiny: Path) -> None:
    damage, message = DAMAGES[case]
    damage(tiny)
    hint = "; get http://cs231n.stanford.edu/tiny-imagenet-200.zip and unpack it"
    with pytest.raises(DataError, match=re.escape(message) + ".*" + re.escape(hint)):
        data.load("tiny_imagenet", tiny)
