"""The training loop, to be read from top to bottom."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from signbit import losses, models, optim
from signbit.data.augment import Augment
from signbit.data.dataset import Splits
from signbit.layers.roles import parameter_roles
from signbit.metrics.flip_ratio import FlipRatio, latent_signs
from signbit.optim.clamp_latent import clamp_latent
from signbit.optim.groups import parameter_groups
from signbit.train import checkpoint
from signbit.train.evaluate import Evaluation, evaluate
from signbit.train.nonfinite import check_finite
from signbit.train.progress import Progress
from signbit.train.recipe import Recipe
from signbit.train.run_folder import append_curve, copy_state, model_arguments, run_info, start_run_folder
from signbit.train.schedule import batches_per_epoch, epoch_batches, lr_factor, set_modes, set_progress


@dataclasses.dataclass(frozen=True)
class FitResult:
    """A finished run.

    Args:
        model: the best epoch's, in eval mode on the CPU.
        best_epoch: from 0, counted over all stages; the one with the highest held-out accuracy.
        held_out_accuracy: of that epoch, from 0 to 1.
        test: of that epoch; the test set was read once, at the end.
        checkpoint: the file for `load_checkpoint`, or None where no run folder was asked for.
        curves: one row for each epoch, as in curves.jsonl.
        seconds: wall time.
    """

    model: nn.Module
    best_epoch: int
    held_out_accuracy: float
    test: Evaluation
    checkpoint: Path | None
    curves: list[dict[str, Any]]
    seconds: float


def fit(
    recipe: Recipe, folder: str | Path | None = None, *, splits: Splits | None = None, quiet: bool = False
) -> FitResult:
    """Train by a recipe: held-out accuracy chooses the epoch, the test set is read once at the end.

    Args:
        folder: the run folder: recipe.toml, versions.json, curves.jsonl, last.pt (complete, to go on from) and, at
            the end, model.pt (the best epoch). None keeps everything in memory.
        splits: the data; by default what the recipe's [data] names.
        quiet: show no progress.

    Raises:
        TrainingError: a loss or a gradient is not finite; the message names the step and the layer.
        DataError: the data cannot be read.
        RunFolderError: the folder holds a run already.
    """
    started, train, folder = time.perf_counter(), recipe.train, None if folder is None else Path(folder)
    if train.threads is not None:
        torch.set_num_threads(train.threads)
    splits = splits or recipe.data.load()
    fabric = Fabric(accelerator=train.accelerator, devices=train.devices, precision=train.precision)
    fabric.launch()
    torch.manual_seed(train.seed)
    arguments = model_arguments(recipe, splits.train)
    model = models.create(recipe.model.name, **arguments)
    info = run_info(recipe, arguments, splits.train)
    folder = folder if fabric.is_global_zero else None  # one process writes
    if folder is not None:
        start_run_folder(folder, recipe, info)

    training, held_out = splits.train.to(fabric.device), splits.held_out.to(fabric.device)
    augment = Augment(recipe.augment.crop_padding, recipe.augment.flip, train.seed)
    stages = [recipe.stage(index) for index in range(len(recipe.stages))]
    batches = [batches_per_epoch(len(training), stage.batch_size) for stage in stages]
    all_epochs = sum(stage.epochs for stage in stages)
    all_steps = sum(stage.epochs * count for stage, count in zip(stages, batches, strict=True))
    epoch, step = 0, 0
    curves: list[dict[str, Any]] = []
    best: dict[str, Any] = {"held_out_accuracy": -1.0}

    with Progress(all_steps, quiet or not fabric.is_global_zero) as progress:
        for index, stage in enumerate(stages):
            set_modes(model, recipe.stages[index].activations, recipe.stages[index].weights)
            loss_of = losses.create(stage.loss.name, **stage.loss.arguments)
            groups = parameter_groups(model.named_parameters(), parameter_roles(model), stage.weight_decay)
            optimizer = optim.create(stage.optimizer.name, groups, lr=stage.lr, **stage.optimizer.arguments)
            wrapped_model, wrapped_optimizer = fabric.setup(model, optimizer)
            stage_steps, warmup_steps = stage.epochs * batches[index], stage.warmup_epochs * batches[index]
            stage_start = step

            for stage_epoch in range(stage.epochs):
                epoch_started, signs = time.perf_counter(), latent_signs(model)
                total_loss, right, seen = 0.0, 0, 0
                model.train()
                for batch in epoch_batches(len(training), stage.batch_size, train.seed, epoch):
                    stage_step = step - stage_start
                    lr = stage.lr * lr_factor(stage.schedule, stage_step, stage_steps, warmup_steps)
                    for group in optimizer.param_groups:
                        group["lr"] = lr
                    set_progress(model, stage_step / stage_steps, stage_epoch)
                    mine = batch[fabric.global_rank :: fabric.world_size].to(fabric.device)
                    images, labels = augment(training.images[mine]), training.labels[mine]

                    logits = wrapped_model(images)
                    loss = loss_of(logits, labels)
                    fabric.backward(loss)
                    check_finite(model, images, loss, step)
                    wrapped_optimizer.step()
                    wrapped_optimizer.zero_grad()
                    if stage.clamp_latent:
                        clamp_latent(optimizer)

                    total_loss += loss.item() * len(labels)
                    right += int((logits.argmax(1) == labels).sum())
                    seen += len(labels)
                    step += 1
                    progress.step(total_loss / seen, right / seen)

                flips = FlipRatio().to(fabric.device)
                flips.update(signs, latent_signs(model))
                row = {
                    "stage": index,
                    "epoch": epoch,
                    "step": step,
                    "lr": lr,
                    "loss": total_loss / seen,
                    "train_accuracy": right / seen,
                    "held_out_accuracy": evaluate(model, held_out).accuracy,
                    "flip_ratio": float(flips.compute()),
                    "seconds": time.perf_counter() - epoch_started,
                }
                curves.append(row)
                progress.epoch(row, all_epochs)
                # Only the last stage gives the model asked for. On a tie the later epoch wins: its rate is lower.
                if index == len(stages) - 1 and row["held_out_accuracy"] >= best["held_out_accuracy"]:
                    best = {"held_out_accuracy": row["held_out_accuracy"], "epoch": epoch, "state": copy_state(model)}
                epoch += 1
                if folder is not None:
                    append_curve(folder, row)
                    going_on = {
                        "optimizer": optimizer.state_dict(),
                        "position": {"stage": index, "stage_epoch": stage_epoch + 1, "epoch": epoch, "step": step},
                        "random": checkpoint.random_states() | {"augment": augment.generator.get_state()},
                        "best": best,
                        "curves": curves,
                    }
                    checkpoint.save(checkpoint.model_content(model, recipe, info) | going_on, folder / "last.pt")

    model.load_state_dict(best["state"])
    model = model.cpu().eval()
    test = evaluate(model, splits.test)
    info |= {"epoch": best["epoch"], "held_out_accuracy": best["held_out_accuracy"], "test_accuracy": test.accuracy}
    path = None if folder is None else folder / checkpoint.MODEL_FILE
    if path is not None:
        checkpoint.save(checkpoint.model_content(model, recipe, info), path)
    seconds = time.perf_counter() - started
    return FitResult(model, best["epoch"], best["held_out_accuracy"], test, path, curves, seconds)
