"""What one sees of a run: a bar where rich is installed and the output is a terminal, plain lines elsewhere."""

import importlib
import importlib.util
import sys
from types import TracebackType
from typing import Any, final


@final
class Progress:
    """Steps and epochs of a run, shown as they come.

    Args:
        steps: of the whole run.
        quiet: show nothing.
        done: steps that are done already.
    """

    def __init__(self, steps: int, quiet: bool, done: int = 0) -> None:
        self.quiet = quiet
        self._bar: Any = None
        self._epoch_text = ""
        if not quiet and sys.stderr.isatty() and importlib.util.find_spec("rich"):
            rich_progress, console = importlib.import_module("rich.progress"), importlib.import_module("rich.console")
            columns = ("{task.description}", rich_progress.BarColumn(20), rich_progress.TimeRemainingColumn())
            self._bar = rich_progress.Progress(*columns, console=console.Console(stderr=True))
            self._task = self._bar.add_task("starting", total=steps, completed=done)

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def note(self, text: str) -> None:
        """Show a line that stays."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        elif not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def step(self, loss: float, accuracy: float) -> None:
        """One step is done; loss and accuracy are those of the epoch so far."""
        if self._bar is not None:
            text = f"{self._epoch_text}loss {loss:.4f}  train {100 * accuracy:.2f} %"
            self._bar.update(self._task, advance=1, description=text)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """One epoch is done; `row` is its line of the curves."""
        held_out, flips = 100 * row["held_out_accuracy"], 100 * row["flip_ratio"]
        count = f"epoch {row['epoch'] + 1}/{epochs}"
        self._epoch_text = f"{count}  held out {held_out:.2f} %  flips {flips:.2f} %  "
        if self._bar is None and not self.quiet:
            train = 100 * row["train_accuracy"]
            print(f"{self._epoch_text}loss {row['loss']:.4f}  train {train:.2f} %", file=sys.stderr, flush=True)
