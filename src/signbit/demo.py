"""The main job, end to end: train, evaluate, convert, verify, run, compare."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import signbit
from signbit import models
from signbit.convert import convert
from signbit.data import Dataset
from signbit.engine import Model
from signbit.metrics.costs import count_costs
from signbit.timing import interleave, machine
from signbit.train.fit import FitResult, fit
from signbit.train.recipe import Recipe, load_recipe
from signbit.train.run_folder import model_arguments
from signbit.verify import Verification, verify

RECIPES = {
    "digits": "binarynet-digits",
    "mnist": "binarynet-mnist",
    "fashion-mnist": "binarynet-fashion-mnist",
    "cifar-10": "binarynet-cifar10",
}
MODEL_FILE = "model.sbit"


def run_demo(
    name: str, folder: Path, *, data_dir: str | None = None, overrides: list[str] | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Train a small network on a data set, convert it, prove that both say the same, and measure both.

    Args:
        name: `digits`, `mnist`, `fashion-mnist` or `cifar-10`.
        folder: of the run; the checkpoint and the model file are left in it.
        data_dir: where the files of the data set are.
        overrides: changes of the recipe, such as `train.epochs=5`.
        quiet: show no progress.

    Returns:
        the table, as plain values.

    Raises:
        ValueError: there is no demo of that name.
        SignbitError: whatever went wrong on the way.
    """
    if name not in RECIPES:
        raise ValueError(f"no demo on {name!r}; there are {', '.join(RECIPES)}")
    started = time.perf_counter()
    recipe = load_recipe(RECIPES[name], overrides or [])
    splits = recipe.data.load(data_dir)
    trained = fit(recipe, folder, splits=splits, quiet=quiet)
    test = splits.test
    labels, metadata = list(test.class_names), {"data": recipe.data.name}
    conversion = convert(
        trained.model, test.images[:2], labels=labels, metadata=metadata, preprocessing=test.preprocessing
    )
    model_file_bytes = conversion.save(folder / MODEL_FILE)
    engine = Model.load(folder / MODEL_FILE)
    verification = verify(
        trained.model, engine, test.images, labels=labels, preprocessing=test.preprocessing, conversion=conversion
    )
    predictions = torch.from_numpy(engine.session().run(_channels_last(test.images)).argmax(1))
    twin = _twin(recipe, splits.train).eval()
    costs, twin_costs = (count_costs(model, test.images[:1]) for model in (trained.model, twin))
    assert trained.checkpoint is not None
    return {
        "data": name,
        "test_images": len(test),
        "test_accuracy_torch": trained.test.accuracy,
        "test_accuracy_engine": float((predictions == test.labels).double().mean()),
        "mismatched_predictions": int((predictions != trained.test.predictions).sum()),
        **_proof(verification),
        "float32_bytes": twin_costs.float32_bytes,
        "checkpoint_bytes": trained.checkpoint.stat().st_size,
        "model_file_bytes": model_file_bytes,
        "binary_weight_share": costs.one_bit_weight_share,
        "binary_mac_share": costs.one_bit_work_share,
        **_latencies(twin, trained.model, engine, test.images[:1]),
        **_circumstances(recipe, trained, engine),
        "seconds": time.perf_counter() - started,
    }


def _channels_last(images: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())


def _twin(recipe: Recipe, training: Dataset) -> nn.Module:
    """The real-valued network of the same topology."""
    arguments = model_arguments(recipe, training) | {"binary": False, "stem": "real", "head": "real", "norm": "batch"}
    return models.create(recipe.model.name, **arguments)


def _proof(found: Verification) -> dict[str, Any]:
    return {
        "verified": found.ok,
        "verified_exact": found.exact,
        "verified_images": found.images,
        "verified_equal_outputs": found.equal_outputs,
        "verified_flips": found.flips,
        "verify_errors": found.errors,
    }


def _latencies(twin: nn.Module, model: nn.Module, engine: Model, image: Tensor) -> dict[str, Any]:
    """One image, batch 1; torch on one thread; all in turn in one run."""
    pixels = _channels_last(image)
    one, two = engine.session(threads=1), engine.session(threads=2)

    def with_torch(module: nn.Module) -> Any:
        with torch.no_grad():
            return module(image)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        timings = interleave(
            {
                "torch_float32": lambda: with_torch(twin),
                "torch_simulated": lambda: with_torch(model),
                "engine_1_thread": lambda: one.run(pixels),
                "engine_2_threads": lambda: two.run(pixels),
            }
        )
    finally:
        torch.set_num_threads(threads)
    return {
        "latency_us": {name: round(timing.median, 1) for name, timing in timings.items()},
        "latency_us_spread": {name: asdict(timing) for name, timing in timings.items()},
        "isa": one.isa,
    }


def _circumstances(recipe: Recipe, trained: FitResult, engine: Model) -> dict[str, Any]:
    return {
        "held_out_accuracy": trained.held_out_accuracy,
        "best_epoch": trained.best_epoch + 1,
        "training_seconds": trained.seconds,
        "recipe": recipe.model_dump(),
        "ops": len(engine.ops),
        "machine": machine() | {"torch": str(torch.__version__), "torch_threads": 1, "signbit": signbit.__version__},
    }
