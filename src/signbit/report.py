"""What the commands print: one JSON object, or tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signbit.verify import Verification

Result = dict[str, Any]

_FILE_COLUMNS = 160  # of a table that goes to a file or a pipe


def show(result: Result, as_json: bool, tables: Callable[[Result], None]) -> None:
    """Print a result as one JSON object or as tables."""
    if as_json:
        print(json.dumps(result))
    else:
        tables(result)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column and a last one named `note` or `about` hold words, the others numbers."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        words = index == 0 or column in ("note", "about", "source", "op", "what", "kind", "name", "classes")
        table.add_column(column, justify="left" if words else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_COLUMNS)
    console.print(table)


def fields_table(result: Result) -> None:
    """One line a field."""
    print_table("", ("what", "value"), [(key.replace("_", " "), _text(key, value)) for key, value in result.items()])


def demo_table(result: Result) -> None:
    """The demo's one table."""
    latency, spread = result["latency_us"], result["latency_us_spread"]
    smaller = result["float32_bytes"] / result["model_file_bytes"]
    rows = [
        ("test accuracy, torch", _percent(result["test_accuracy_torch"]), f"{result['test_images']} test images"),
        ("test accuracy, engine", _percent(result["test_accuracy_engine"]), f"instruction set {result['isa']}"),
        ("mismatched predictions", str(result["mismatched_predictions"]), _proof(result)),
        ("float32 twin", _bytes(result["float32_bytes"]), "parameters of the real-valued network"),
        ("checkpoint", _bytes(result["checkpoint_bytes"]), "latent weights, to train on"),
        ("model file", _bytes(result["model_file_bytes"]), f"{smaller:.1f}x smaller than the twin"),
        ("weights of one bit", _percent(result["binary_weight_share"]), ""),
        ("multiply-accumulates of one bit", _percent(result["binary_mac_share"]), ""),
    ]
    names = {
        "torch_float32": "one image: the twin, torch float32",
        "torch_simulated": "one image: one bit simulated in torch",
        "engine_1_thread": "one image: engine, 1 thread",
        "engine_2_threads": "one image: engine, 2 threads",
    }
    for name, words in names.items():
        ratio = latency["torch_float32"] / latency[name]
        note = f"{ratio:.1f}x the twin's speed; {spread[name]['low']:.0f} to {spread[name]['high']:.0f} us"
        rows.append((words, f"{latency[name]:.0f} us", note))
    print_table(f"signbit demo on {result['data']}, {result['seconds']:.0f} s", ("what", "value", "note"), rows)


def layers_table(result: Result) -> None:
    """What became of every layer."""
    rows = [
        (layer["path"], layer["op"], str(layer["input_bits"]), str(layer["weight_bits"] or ""),
         _count(layer["weights"]), _count(layer["bytes"]), layer["note"])
        for layer in result["layers"]
    ]  # fmt: skip
    print_table("", ("module", "op", "input bits", "weight bits", "weights", "bytes", "note"), rows)
    print(f"{result['model_file']}: {result['model_file_bytes']:,} bytes")


def verification(found: Verification) -> Result:
    """A verification as plain values."""
    return {
        "ok": found.ok,
        "exact": found.exact,
        "isa": found.isa,
        "images": found.images,
        "equal_outputs": found.equal_outputs,
        "mismatched_predictions": found.mismatched_predictions,
        "traced": found.traced,
        "flips": found.flips,
        "errors": found.errors,
        "ops": [vars(op) for op in found.ops],
    }


def verification_table(result: Result) -> None:
    """One line an op, then the whole network."""
    rows = [
        (op["name"], op["kind"], f"{op['elements']:,}", f"{op['elements'] - op['equal']:,}", f"{op['flips']:,}",
         f"{op['worst']:.2g}" if op["worst"] else "", op["error"] or "ok")
        for op in result["ops"]
    ]  # fmt: skip
    print_table("", ("name", "op", "values", "unequal", "flips", "worst / bound", "note"), rows)
    kind = "no bit comes from a float: everything must be equal" if result["exact"] else "some bits come from floats"
    print(f"{result['images']} images, instruction set {result['isa']}; {kind}")
    print(
        f"{result['equal_outputs']} outputs equal to the bit, {result['mismatched_predictions']} predictions differ, "
        f"{result['traced']} of them traced to a bit or tie within its bound"
    )
    for error in result["errors"][1:]:
        print(error)


def predictions_table(result: Result) -> None:
    """One line an image."""
    rows = [
        (item["file"], ", ".join(f"{entry['label']} ({entry['score']:.3g})" for entry in item["classes"]))
        for item in result["predictions"]
    ]
    print_table("", ("file", "classes"), rows)


def names_table(result: Result) -> None:
    """Names with what they are."""
    (entries,) = result.values()
    numbers = "parameters" in entries[0]
    columns = ("name", "parameters", "about", "source") if numbers else ("name", "about", "source")
    print_table("", columns, [tuple(_text(column, entry[column]) for column in columns) for entry in entries])


def _proof(result: Result) -> str:
    if not result["verified"]:
        return f"NOT VERIFIED: {result['verify_errors'][0]}"
    exact = "every bit equal" if result["verified_exact"] else f"{result['verified_flips']} bits within their bound"
    return f"verified on {result['verified_images']} images: {exact}"


def _text(key: str, value: Any) -> str:
    if isinstance(value, float):
        return _percent(value) if key.endswith("accuracy") else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _bytes(count: int) -> str:
    return f"{count:,} bytes"
