"""What a run writes beside its checkpoints, and what it knows about itself."""

import dataclasses
import json
import platform
import re
import time
import zlib
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

import signbit
from signbit import models
from signbit.data.dataset import Dataset
from signbit.errors import RunFolderError
from signbit.train import checkpoint
from signbit.train.code_version import commit
from signbit.train.recipe import Recipe
from signbit.train.recipe_file import to_toml
from signbit.train.whole_file import remove_parts, whole_file

LAST_FILE, CURVES_FILE, RECIPE_FILE, VERSIONS_FILE = "last.pt", "curves.jsonl", "recipe.toml", "versions.json"


def model_arguments(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """All arguments of the recipe's model: its own, what the data set knows, and the defaults of today.

    Written out in full, so that a checkpoint builds the same model after a default has changed.
    """
    defaults = models.parameters(recipe.model.name)
    known = {
        "num_classes": len(dataset.class_names),
        "in_channels": dataset.images.shape[1],
        "image_size": dataset.images.shape[2],
        "mean": list(dataset.mean),
        "std": list(dataset.std),
    }
    known = {name: value for name, value in known.items() if name in defaults}
    return defaults | known | recipe.model.arguments


def run_info(recipe: Recipe, arguments: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """What a checkpoint says about its model, in plain values."""
    return {
        "model": {"name": recipe.model.name, "arguments": arguments},
        "class_names": list(dataset.class_names),
        "input_shape": list(dataset.images.shape[1:]),
        "training_labels": {"count": len(dataset), "crc32": zlib.crc32(dataset.labels.cpu().numpy().tobytes())},
        "preprocessing": dataclasses.asdict(dataset.preprocessing),
        "versions": {
            "signbit": signbit.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
    }


@final
class RunFolder:
    """What a run writes; every file whole or not at all, so that it can go on wherever it was killed.

    Args:
        path: None writes nothing.
        recipe: of the run.
        keep: how many of the best epochs of the last stage have a checkpoint of their own.
        every: seconds between the checkpoints within an epoch.
    """

    def __init__(self, path: Path | None, recipe: Recipe, keep: int, every: float) -> None:
        self.path, self._recipe, self._keep, self._every = path, recipe, keep, every
        self._saved_at = time.monotonic()

    @property
    def is_due(self) -> bool:
        """It is time for a checkpoint within the epoch."""
        return self.path is not None and time.monotonic() - self._saved_at >= self._every

    def begin(self, info: dict[str, Any]) -> None:
        """Make the folder, with recipe.toml and versions.json in it.

        Raises:
            RunFolderError: another run is in it already; nothing is overwritten.
        """
        if self.path is None:
            return
        if any((self.path / name).exists() for name in (LAST_FILE, CURVES_FILE, checkpoint.MODEL_FILE)):
            raise RunFolderError(f"{self.path} holds a run already; go on with it by --resume, or name another folder")
        remove_parts(self.path)
        machine = {"machine": platform.machine(), "system": platform.platform(), "threads": torch.get_num_threads()}
        self._write_versions(info["versions"] | machine | {"commits": [commit()]})
        _write_text(self.path / RECIPE_FILE, to_toml(self._recipe))

    def take_up(self, curves: list[dict[str, Any]]) -> None:
        """Make the folder agree with its last checkpoint, wherever the run was killed."""
        if self.path is not None:
            remove_parts(self.path)
            self._note_commit()
            self._agree(curves)

    def save_last(self, content: dict[str, Any]) -> None:
        """Write last.pt, from which the run can go on."""
        if self.path is not None:
            checkpoint.save(content, self.path / LAST_FILE)
            self._saved_at = time.monotonic()

    def end_epoch(self, model: dict[str, Any], going_on: dict[str, Any], curves: list[dict[str, Any]]) -> None:
        """Write the checkpoint of an epoch that is one of the best, then last.pt and the curves."""
        if self.path is not None:
            row = curves[-1]
            if row["epoch"] in self._best(curves):
                found = {"epoch": row["epoch"], "held_out_accuracy": row["held_out_accuracy"]}
                checkpoint.save(model | {"info": model["info"] | found}, self.path / f"epoch-{row['epoch']:04}.pt")
            self.save_last(model | going_on)
            self._agree(curves)

    def end_run(self, model: dict[str, Any]) -> Path | None:
        """Write model.pt, and give its path."""
        if self.path is None:
            return None
        checkpoint.save(model, self.path / checkpoint.MODEL_FILE)
        return self.path / checkpoint.MODEL_FILE

    def _note_commit(self) -> None:
        """Say that other code goes on with the run."""
        if self.path is None or not (self.path / VERSIONS_FILE).exists():
            return
        versions = json.loads((self.path / VERSIONS_FILE).read_text(encoding="utf-8"))
        commits = versions.get("commits", [None])  # runs of before this was noted
        if commits[-1] != commit():
            self._write_versions(versions | {"commits": [*commits, commit()]})

    def _write_versions(self, versions: dict[str, Any]) -> None:
        assert self.path is not None
        _write_text(self.path / VERSIONS_FILE, json.dumps(versions, indent=2) + "\n")

    def _agree(self, curves: list[dict[str, Any]]) -> None:
        """Write the curves, and remove the epochs that are no longer among the best."""
        assert self.path is not None
        _write_text(self.path / CURVES_FILE, "".join(json.dumps(row) + "\n" for row in curves))
        best = self._best(curves)
        for epoch, path in kept_epochs(self.path).items():
            if self._keep and epoch not in best:  # a run taken up without --keep removes nothing
                path.unlink(missing_ok=True)

    def _best(self, curves: list[dict[str, Any]]) -> list[int]:
        """Epochs of the highest held-out accuracy; of equal ones the later, as for model.pt."""
        last = [row for row in curves if row["stage"] == len(self._recipe.stages) - 1]
        ranked = sorted(last, key=lambda row: (row["held_out_accuracy"], row["epoch"]), reverse=True)
        return [row["epoch"] for row in ranked[: self._keep]]


def kept_epochs(folder: Path) -> dict[int, Path]:
    """Checkpoints of single epochs, by the number that the curves give them."""
    found = {path: re.fullmatch(r"epoch-(\d+)\.pt", path.name) for path in sorted(folder.glob("epoch-*.pt"))}
    return {int(match[1]): path for path, match in found.items() if match}


def read_curves(folder: Path) -> list[dict[str, Any]]:
    """The rows of a finished run's curves.jsonl."""
    return [json.loads(line) for line in (folder / CURVES_FILE).read_text(encoding="utf-8").splitlines()]


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode())


def copy_state(model: nn.Module) -> dict[str, Tensor]:
    """The model's state as it is now, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
