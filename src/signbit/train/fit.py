"""The training loop, to be read from top to bottom."""

import dataclasses
import random
import time
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from signbit import models
from signbit.data.augment import Augment
from signbit.data.dataset import Dataset, Splits
from signbit.layers.modes import set_modes
from signbit.metrics.activation_histograms import activation_histograms
from signbit.metrics.flip_ratio import FlipRatio, latent_signs
from signbit.optim.clamp_latent import clamp_latent
from signbit.train.checkpoint import MODEL_FILE, load_checkpoint, model_content
from signbit.train.evaluate import Evaluation, evaluate
from signbit.train.nonfinite import check_finite
from signbit.train.optimization import clip, forget, optimizations
from signbit.train.progress import Progress
from signbit.train.recipe import Recipe
from signbit.train.rehearsal import rehearse, warn_where_nothing_is_binary
from signbit.train.resume import check_same_recipe, going_on, read_last, restore, run_state, where
from signbit.train.run_folder import RunFolder, copy_state, model_arguments, read_curves, run_info
from signbit.train.run_state import NO_EPOCH, RunState
from signbit.train.schedule import batches_per_epoch, epoch_batches, set_progress
from signbit.train.start import begin_stage, teachers_of
from signbit.train.stopping import Stopping, stopped
from signbit.train.teaching import Lesson


@dataclasses.dataclass(frozen=True)
class FitResult:
    """A finished run.

    Args:
        model: the best epoch's, in eval mode on the CPU.
        best_epoch: from 0, counted over all stages; the one with the highest held-out accuracy.
        held_out_accuracy: of that epoch, from 0 to 1.
        test: of that epoch; the test set was read once, at the end.
        checkpoint: the file for `load_checkpoint`, or None where no run folder was asked for, and in all processes of
            a run but the first.
        curves: one row for each epoch, as in curves.jsonl.
        seconds: wall time of the call; of a run in several parts, that of the last.
    """

    model: nn.Module
    best_epoch: int
    held_out_accuracy: float
    test: Evaluation
    checkpoint: Path | None
    curves: list[dict[str, Any]]
    seconds: float


def fit(
    recipe: Recipe,
    folder: str | Path | None = None,
    *,
    splits: Splits | None = None,
    quiet: bool = False,
    resume: bool = False,
    keep: int = 0,
    time_limit: float | None = None,
    checkpoint_every: float = 600.0,
) -> FitResult:
    """Train by a recipe: held-out accuracy chooses the epoch, the test set is read once at the end.

    Args:
        folder: the run folder: recipe.toml, versions.json, curves.jsonl, last.pt (complete, to go on from) and, at
            the end, model.pt (the best epoch). None keeps everything in memory.
        splits: the data; by default what the recipe's [data] names.
        quiet: show no progress.
        resume: go on from the folder's last checkpoint, to the same bits as without a break on one CPU; from the
            beginning where there is none. Of a finished run it gives the result, without training.
        keep: how many of the best epochs of the last stage keep a checkpoint of their own, `epoch-0012.pt`, with
            the number that the curves give them.
        time_limit: seconds after which the run saves itself and stops.
        checkpoint_every: seconds between checkpoints within an epoch; there is one after each epoch anyway.

    Training a network without a binary layer gives the warning `NothingIsBinary`, unless it is real-valued on purpose.

    With a folder, a SIGTERM or a first Ctrl-C in the main thread ends the run after the step it is at.

    Raises:
        ValueError: an argument is out of its range, or needs a folder and there is none; a part of the data is empty.
        CheckpointError: a file that a stage or a teacher begins with is missing or does not fit, or the last
            checkpoint was cut or changed after it was written.
        TrainingError: a stage cannot be trained as the recipe says, or a loss or a gradient is not finite; the message
            names the stage, or the step and the layer.
        DataError: the data cannot be read.
        RunFolderError: the folder holds a run already, or, with `resume`, one of another recipe; or it cannot be
            written to. The last checkpoint in it is as it was.
        RunStopped: the run was asked to end early; all of it is in last.pt.
    """
    started, train, folder = time.perf_counter(), recipe.train, None if folder is None else Path(folder)
    _check(folder, resume, keep, time_limit, checkpoint_every)
    if train.threads is not None:
        torch.set_num_threads(train.threads)
    splits = splits or recipe.data.load()
    if not (len(splits.train) and len(splits.held_out) and len(splits.test)):
        raise ValueError("the training, held-out or test part is empty; each is needed, so give data.held_out above 0")
    fabric = Fabric(accelerator=train.accelerator, devices=train.devices, precision=train.precision)
    fabric.launch()
    writes = fabric.is_global_zero  # one process of several
    if resume and folder is not None and (folder / MODEL_FILE).exists():
        return _finished(recipe, folder, splits, quiet, writes, started)
    torch.manual_seed(train.seed)
    random.seed(train.seed)
    here = run_info(recipe, model_arguments(recipe, splits.train), splits.train)
    saved = read_last(folder, recipe, here) if resume and folder is not None else None
    info = here if saved is None else saved["info"]
    state = RunState() if saved is None else run_state(saved, fabric.device)
    model = models.create(info["model"]["name"], **info["model"]["arguments"])
    if writes:
        warn_where_nothing_is_binary(model, **info["model"])
    rehearse(recipe, model, info, first=state.stage + (saved is not None))
    run = RunFolder(folder if writes else None, recipe, keep, checkpoint_every)
    if saved is None:
        run.begin(info)
    else:
        run.take_up(state.curves)

    training, held_out = (_near(part, fabric.device) for part in (splits.train, splits.held_out))
    augment = Augment(seed=train.seed, fill=splits.train.mean, **recipe.augment.model_dump())
    stages = [recipe.stage(index) for index in range(len(recipe.stages))]
    batches = [batches_per_epoch(len(training), stage.batch_size) for stage in stages]
    all_epochs = sum(stage.epochs for stage in stages)
    all_steps = sum(stage.epochs * count for stage, count in zip(stages, batches, strict=True))
    deadline = None if time_limit is None else started + time_limit

    with (
        Progress(all_steps, quiet or not writes, state.step) as progress,
        Stopping(deadline, signals=folder is not None) as stopping,
    ):
        if resume and folder is not None:
            progress.note(where(saved, here, folder))
        for index in range(state.stage, len(stages)):
            stage = stages[index]
            if saved is None:
                begin_stage(model, recipe.stages[index].start, state.best.get("state"))
                state.best = dict(NO_EPOCH)
            set_modes(model, recipe.stages[index].activations, recipe.stages[index].weights)
            teachers = teachers_of(stage.teachers, info["model"], recipe.stages, state.ended)
            lesson = Lesson(stage.loss, model, [teacher.to(fabric.device) for teacher in teachers])
            parts = optimizations(model, stage)
            optimizers = [part.optimizer for part in parts]
            wrapped_model, *wrapped_optimizers = fabric.setup(model, *optimizers)
            stage_steps = stage.epochs * batches[index]
            if saved is not None:
                restore(saved, model, optimizers, augment)
                saved = None

            for stage_epoch in range(state.stage_epoch, stage.epochs):
                epoch_started = time.perf_counter() - state.seconds
                if state.batch == 0:
                    state.signs = latent_signs(model)
                    if stage.reset_optimizer:
                        forget(optimizers)
                model.train()
                order = epoch_batches(len(training), stage.batch_size, train.seed, state.epoch)
                for batch in order[state.batch :]:
                    stage_step = stage_epoch * batches[index] + state.batch
                    for part in parts:
                        part.set_rate(stage_step, stage_steps, batches[index])
                    set_progress(model, stage_step / stage_steps, stage_epoch)
                    batch = batch.to(training.images.device)
                    mine = slice(fabric.global_rank, None, fabric.world_size)
                    images = augment(training.images[batch].to(fabric.device))[mine]  # drawn alike by every process
                    labels = training.labels[batch].to(fabric.device)[mine]

                    with lesson:
                        logits, loss = lesson(wrapped_model, images, labels)
                    fabric.backward(loss)
                    check_finite(model, images, loss, state.step)
                    clip(optimizers, stage.clip_norm, stage.clip_adaptive)
                    for optimizer in wrapped_optimizers:
                        optimizer.step()
                        optimizer.zero_grad()
                    if stage.clamp_latent:
                        clamp_latent(optimizers, float(stage.clamp_latent))

                    right = (logits.argmax(1) == labels).sum().item()
                    state.add_batch(*_over_processes(fabric, loss.item() * len(labels), right, len(labels)))
                    state.seconds = time.perf_counter() - epoch_started
                    progress.step(state.loss / state.seen, state.right / state.seen)
                    reason = fabric.broadcast(stopping.reason)
                    if reason or run.is_due:
                        run.save_last(model_content(model, recipe, info) | going_on(state, optimizers, augment))
                    if reason:
                        fabric.barrier()  # where a process ends, the launcher kills the others: one may be writing
                        if not writes:
                            raise SystemExit(0)
                        raise stopped(reason, state.step, all_steps, folder)

                evaluation = evaluate(model, held_out)
                flips = FlipRatio().to(fabric.device)
                flips.update(state.signs, latent_signs(model))
                row = {
                    "stage": index,
                    "epoch": state.epoch,
                    "step": state.step,
                    "lr": optimizers[0].param_groups[0]["lr"],
                    "loss": state.loss / state.seen,
                    "train_accuracy": state.right / state.seen,
                    "held_out_accuracy": evaluation.accuracy,
                    "held_out_top5_accuracy": evaluation.top5_accuracy,
                    "flip_ratio": float(flips.compute()),
                    "seconds": time.perf_counter() - epoch_started,
                }
                if recipe.record.activations:
                    row["activations"] = activation_histograms(
                        model, held_out.images[: recipe.record.activations].to(fabric.device)
                    )
                # On a tie the later epoch wins: its rate is lower.
                if row["held_out_accuracy"] >= state.best["held_out_accuracy"]:
                    state.best = {key: row[key] for key in ("held_out_accuracy", "epoch")} | {
                        "state": copy_state(model)
                    }
                state.end_epoch(row)
                progress.epoch(row, all_epochs)
                run.end_epoch(model_content(model, recipe, info), going_on(state, optimizers, augment), state.curves)
            if any(teacher.stage == index for later in stages[index + 1 :] for teacher in later.teachers):
                state.ended[index] = copy_state(model)
            state.end_stage()

    best, final = state.best, evaluate(model, splits.test)
    test = final
    if best["epoch"] != state.epoch - 1:
        model.load_state_dict(best["state"])
        test = evaluate(model, splits.test)
    model = model.cpu().eval()
    info |= {
        "epoch": best["epoch"],
        "held_out_accuracy": best["held_out_accuracy"],
        "test_accuracy": test.accuracy,
        "test_top5_accuracy": test.top5_accuracy,
        "final_test_accuracy": final.accuracy,
        "final_test_top5_accuracy": final.top5_accuracy,
    }
    path = run.end_run(model_content(model, recipe, info))
    seconds = time.perf_counter() - started
    return FitResult(model, best["epoch"], best["held_out_accuracy"], test, path, state.curves, seconds)


def _check(folder: Path | None, resume: bool, keep: int, time_limit: float | None, checkpoint_every: float) -> None:
    """Raises: ValueError."""
    if folder is None and (resume or keep or time_limit is not None):
        raise ValueError("resume, keep and time_limit are about the run folder, and there is none; give folder")
    if keep < 0 or checkpoint_every < 0 or (time_limit is not None and time_limit <= 0):
        raise ValueError(
            f"keep is {keep!r}, checkpoint_every {checkpoint_every!r}, time_limit {time_limit!r}; give 0 or more, and "
            "a time_limit above 0"
        )


def _over_processes(fabric: Fabric, *sums: float) -> list[float]:
    """Sums over all processes; of a single one nothing is made a tensor, for not every device has float64."""
    if fabric.world_size == 1:
        return list(sums)
    own = torch.tensor(sums, dtype=torch.float64, device=fabric.device)
    return cast(Tensor, fabric.all_reduce(own, reduce_op="sum")).tolist()


def _near(part: Dataset, device: torch.device) -> Dataset:
    """The images on the device; where they take more than half of a GPU's free memory, where they are."""
    if device.type == "cuda" and part.images.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return part
    return part.to(device)


def _finished(recipe: Recipe, folder: Path, splits: Splits, quiet: bool, writes: bool, started: float) -> FitResult:
    """The result of a run that is finished; its model reads the test set again."""
    model, before, info = load_checkpoint(folder)
    check_same_recipe(before, recipe, folder)
    with Progress(0, quiet or not writes) as progress:
        progress.note(f"{folder} is finished: nothing is left to train")
    test = evaluate(model, splits.test)
    path, seconds = folder / MODEL_FILE if writes else None, time.perf_counter() - started
    return FitResult(model, info["epoch"], info["held_out_accuracy"], test, path, read_curves(folder), seconds)
