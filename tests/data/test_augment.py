"""Augmentation: seeded, and every image is one of the crops it could be."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from signbit.data.augment import Augment


def images(seed: int, count: int = 16) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, 256, (count, 3, 6, 5), generator=generator, dtype=torch.uint8)


def test_same_seed_same_images(seed: int) -> None:
    x = images(seed)
    first, again, other = Augment(2, True, 1), Augment(2, True, 1), Augment(2, True, 2)
    assert torch.equal(first(x), again(x))
    assert torch.equal(first(x), again(x))
    assert not torch.equal(first(x), other(x))


def test_its_generator_is_its_own(seed: int) -> None:
    x = images(seed)
    torch.manual_seed(0)
    first = Augment(2, True, 1)(x)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert torch.equal(first, Augment(2, True, 1)(x))
    assert torch.equal(before, torch.get_rng_state())


def test_state_can_be_taken_up_again(seed: int) -> None:
    x = images(seed)
    first = Augment(2, True, 1)
    first(x)
    state = first.generator.get_state()
    expected = first(x)
    later = Augment(2, True, 7)
    later.generator.set_state(state)
    assert torch.equal(later(x), expected)


@pytest.mark.parametrize("flip", [True, False])
def test_every_image_is_a_possible_crop(flip: bool, seed: int) -> None:
    x = images(seed, 64)
    y = Augment(1, flip, seed)(x)
    assert y.shape == x.shape
    assert y.dtype == torch.uint8
    padded = functional.pad(x, (1, 1, 1, 1))
    seen = set()
    for image, source in zip(y, padded, strict=True):
        for row in range(3):
            for column in range(3):
                crop = source[:, row : row + 6, column : column + 5]
                for flipped in (False, True):
                    if torch.equal(image, crop.flip(-1) if flipped else crop):
                        seen.add((row, column, flipped))
                        break
    matched = {(row, column) for row, column, _ in seen}
    assert matched == {(row, column) for row in range(3) for column in range(3)}
    assert {flipped for _, _, flipped in seen} == ({False, True} if flip else {False})


def test_nothing_to_do(seed: int) -> None:
    x = images(seed)
    assert torch.equal(Augment()(x), x)


def test_negative_padding() -> None:
    with pytest.raises(ValueError, match="crop_padding is -1; give 0 or more"):
        Augment(-1)


def test_reflected_padding(seed: int) -> None:
    x = images(seed, 64)
    y = Augment(1, False, seed, padding="reflect")(x)
    padded = functional.pad(x.float(), (1, 1, 1, 1), mode="reflect").to(torch.uint8)
    crops = [padded[:, :, row : row + 6, column : column + 5] for row in range(3) for column in range(3)]
    assert all(any(torch.equal(y[i], crop[i]) for crop in crops) for i in range(len(x)))
    assert int(y.min()) > 0  # no black


def test_resized_crop(seed: int) -> None:
    x = images(seed, 32)
    y = Augment(seed=seed, resized_crop=(0.08, 1.0))(x)
    assert (y.shape, y.dtype) == (x.shape, torch.uint8)
    assert all(int(y[i].min()) >= int(x[i].min()) and int(y[i].max()) <= int(x[i].max()) for i in range(len(x)))
    assert not any(torch.equal(y[i], x[i]) for i in range(len(x)))
    # A ramp across stays a ramp, and shows which part of the image was taken.
    ramp = torch.arange(64, dtype=torch.uint8).mul(4).expand(200, 1, 64, 64).contiguous()
    cut = Augment(seed=seed, resized_crop=(0.25, 0.25))(ramp)[:, 0, 0].float()
    shares = (cut[:, -1] - cut[:, 0]) / (63 * 4)
    assert bool((cut.diff(dim=1) >= 0).all())
    assert 0.4 < shares.min() < 0.46 < 0.54 < shares.max() < 0.6  # sqrt(1/4 * 3/4) = 0.43 to sqrt(1/4 * 4/3) = 0.58
    full = torch.full((4, 3, 8, 8), 77, dtype=torch.uint8)
    assert torch.equal(Augment(seed=seed, resized_crop=(0.08, 1.0))(full), full)


def test_lighting(seed: int) -> None:
    grey = torch.full((500, 3, 4, 4), 128, dtype=torch.uint8)
    lit = Augment(seed=seed, lighting=0.1)(grey).float()
    assert bool((lit == lit[:, :, :1, :1]).all())  # one change for a whole image
    change = (lit[:, :, 0, 0] - 128) / 255
    # Most of it is a change of brightness: 0.1 * 0.2175 along the first component.
    assert change.mean(1).std().item() == pytest.approx(0.1 * 0.2175 / 3**0.5, rel=0.15)
    assert change.mean().abs().item() < 0.005


def test_erasing(seed: int) -> None:
    x = images(seed, 400)
    large = functional.interpolate(x.float(), size=(32, 32)).to(torch.uint8)
    erased = (Augment(seed=seed, erasing=0.5, fill=(0.5, 0.0, 1.0))(large) != large).any(1)
    shares = erased.double().mean((1, 2))
    assert (shares > 0).double().mean().item() == pytest.approx(0.5, abs=0.1)
    assert shares[shares > 0].min() > 0.01
    assert shares.max() < 0.4
    untouched = Augment(seed=seed, erasing=0.0)(large)
    assert torch.equal(untouched, large)
    every = Augment(seed=seed, erasing=1.0, fill=(0.5, 0.0, 1.0))(torch.full((50, 3, 16, 16), 9, dtype=torch.uint8))
    for image in every:
        marked = (image != 9).all(0)
        rows, columns = marked.any(1).nonzero(), marked.any(0).nonzero()
        box = marked[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert bool(box.all())  # a rectangle
        assert image[:, rows.min(), columns.min()].tolist() == [128, 0, 255]


@pytest.mark.parametrize(
    "arguments",
    [
        {"padding": "white"},
        {"resized_crop": (0.5, 0.2)},
        {"resized_crop": (0.0, 1.0)},
        {"lighting": -1},
        {"erasing": 2},
    ],
)
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give|there are"):
        Augment(**arguments)
