"""Augmentation: seeded, and every image is one of the crops it could be."""

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
