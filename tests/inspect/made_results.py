"""Results that were never run, for tests of what is made of results."""

import math
from typing import Any

LAYERS = ("features.2", "features.5", "features.9")


def made_result(name: str, seed: int = 0, accuracy: float = 0.7, **changes: Any) -> dict[str, Any]:
    """A result of five epochs; its test accuracy at the best epoch is the one given.

    `changes` are arguments of the network (`norm`, `binary`, `width`), or `stages`, `data`, `activations` and `drift`,
    by which the mean sign moves from the first epoch to the last.
    """
    arguments = {"inflation": 1, "width": 0.25, "norm": "abn", "binary": True, "num_classes": 10}
    arguments |= {key: changes[key] for key in ("norm", "binary", "width") if key in changes}
    stages = changes.get("stages", (0, 0, 0, 0, 0))
    train = {"epochs": 5, "batch_size": 256, "lr": 0.005, "seed": seed, "threads": 1, "accelerator": "auto"}
    at = {
        "held_out_accuracy": accuracy + 0.01,
        "held_out_top5_accuracy": 0.99,
        "test_accuracy": accuracy,
        "test_top5_accuracy": 0.98,
    }
    return {
        "signbit_result": 1,
        "name": name,
        "seed": seed,
        "recipe": {
            "data": {"name": changes.get("data", "cifar10"), "split": 0},
            "model": {"name": "binarynet", **arguments},
            "record": {"activations": 200},
            "train": train,
            "stages": [{}],
        },
        "model": {"name": "binarynet", "arguments": arguments},
        "code": {"signbit": "0.1.0", "commits": None},
        "images": {"train": 45000, "held_out": 5000, "test": 10000},
        "classes": 10,
        "best": {"epoch": 3, **at},
        "final": {"epoch": 4, **at, "test_accuracy": accuracy - 0.02},
        "precision": "bf16-mixed",
        "threads": 1,
        "hardware": {"accelerator": None, "processor": "Abacus", "cores": 2, "machine": "x86_64", "system": "Linux"},
        "versions": {"torch": "2"},
        "seconds": 100.0,
        "curves": [
            _row(epoch, stage, accuracy, changes.get("activations", False), changes.get("drift", -0.1))
            for epoch, stage in enumerate(stages)
        ],
    }


def _row(epoch: int, stage: int, accuracy: float, activations: bool, drift: float) -> dict[str, Any]:
    held_out = accuracy * (0.6 + 0.1 * epoch)
    means = dict.fromkeys(LAYERS, 0.05 + drift * epoch / 4)
    row = {"stage": stage, "epoch": epoch, "held_out_accuracy": held_out, "seconds": 20.0, "sign_means": means}
    if activations:
        row["activations"] = [
            {"layer": layer, "what": what, "low": -2.0 - epoch, "high": 2.0, "counts": _counts(), **_of_sign(what)}
            for layer in LAYERS
            for what in ("sign_input", "input", "normalised", "output")
        ]
    return row


def _counts() -> list[int]:
    return [round(1000 * math.exp(-((index - 31.5) ** 2) / 300)) for index in range(64)]


def _of_sign(what: str) -> dict[str, float]:
    return {"sign_mean": -0.1, "sign_sum": -12.0} if what == "sign_input" else {}
