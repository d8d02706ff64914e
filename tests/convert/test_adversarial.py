"""The inputs on which the captured graph and the engine must be right."""

from __future__ import annotations

import torch

from signbit.convert.adversarial import adversarial_inputs


def test_pixels() -> None:
    shape = (3, 8, 9)
    found = dict(adversarial_inputs(shape, torch.uint8))
    assert list(found) == [
        "zeros", "darkest centred pixel", "middle", "white", "checkerboard of 0 and 255", "noise",
        "black and white noise",
    ]  # fmt: skip
    assert all(images.dtype == torch.uint8 and images.shape[1:] == shape for images in found.values())
    assert [len(images) for images in found.values()] == [1, 1, 1, 1, 1, 3, 5]
    for name, value in {"zeros": 0, "darkest centred pixel": 127, "middle": 128, "white": 255}.items():
        assert found[name].unique().tolist() == [value]
    _check_board(found["checkerboard of 0 and 255"], 0, 255)
    assert found["black and white noise"].unique().tolist() == [0, 255]
    noise = found["noise"].unique()
    assert noise.max() > 250
    assert len(noise) > 200
    large = dict(adversarial_inputs((3, 60, 60), torch.uint8))["noise"]
    assert large.unique().tolist() == list(range(256))


def test_floats() -> None:
    shape = (3, 8, 9)
    found = dict(adversarial_inputs(shape, torch.float32))
    assert list(found) == [
        "zeros", "negative zeros", "ones", "minus ones", "tiny", "checkerboard of +1 and -1", "noise", "signs"
    ]  # fmt: skip
    assert all(images.dtype == torch.float32 and images.shape[1:] == shape for images in found.values())
    assert [len(images) for images in found.values()] == [1, 1, 1, 1, 1, 1, 3, 5]
    for name, value in {"zeros": 0.0, "negative zeros": 0.0, "ones": 1.0, "minus ones": -1.0}.items():
        assert found[name].unique().tolist() == [value]
        assert bool(found[name].signbit().all()) == (name in ("negative zeros", "minus ones"))
    assert 0 < found["tiny"].unique().item() < torch.finfo(torch.float32).tiny  # a subnormal number
    _check_board(found["checkerboard of +1 and -1"], -1, 1)
    assert found["signs"].unique().tolist() == [-1, 1]
    assert abs(found["noise"].mean()) < 0.2
    assert 0.8 < found["noise"].std() < 1.2


def _check_board(images: torch.Tensor, low: int, high: int) -> None:
    """Neighbours differ along every axis of an image."""
    for axis in (1, 2, 3):
        first, second = images.narrow(axis, 0, images.shape[axis] - 1), images.narrow(axis, 1, images.shape[axis] - 1)
        assert bool((first != second).all())
    assert images[0, 0, 0, 0] == low
    assert images.unique().tolist() == [low, high]


def test_vectors_and_other_seeds() -> None:
    assert all(images.shape[1:] == (7,) for _, images in adversarial_inputs((7,), torch.float32))
    one, other, again = (dict(adversarial_inputs((3, 8, 9), torch.uint8, seed))["noise"] for seed in (0, 1, 0))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
