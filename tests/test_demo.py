"""The main job, as the README promises it."""

from __future__ import annotations

from pathlib import Path

import pytest

from signbit.demo import run_demo
from signbit.train import fit, load_recipe


@pytest.mark.slow
def test_accuracy_over_three_splits() -> None:
    accuracies = [
        fit(load_recipe("binarynet-digits", [f"data.split={split}"]), quiet=True).test.accuracy for split in range(3)
    ]
    assert sum(accuracies) / 3 >= 0.98, accuracies


@pytest.mark.parametrize("stem", ["integer", "binary", "real"])
@pytest.mark.parametrize("head", ["binary", "real"])
def test_every_stem_and_head_goes_all_the_way(stem: str, head: str, tmp_path: Path) -> None:
    overrides = ["train.epochs=1", "model.width=0.06", f"model.stem={stem}", f"model.head={head}"]
    result = run_demo("digits", tmp_path, overrides=overrides, quiet=True)
    assert result["verified"], result["verify_errors"]
    assert result["verified_exact"] == (stem != "real" and head != "real")
    if result["verified_exact"]:
        assert result["verified_equal_outputs"] == result["verified_images"]
    assert (tmp_path / "model.sbit").stat().st_size == result["model_file_bytes"]


def test_there_is_no_such_demo(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="digits, mnist, fashion-mnist, cifar-10"):
        run_demo("svhn", tmp_path)
