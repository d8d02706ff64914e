"""What the commands print: one JSON object, or tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signbit.verify import Verification

Result = dict[str, Any]

_FILE_COLUMNS = 160  # of a table that goes to a file or a pipe
_WORD_COLUMNS = frozenset(
    ["note", "about", "source", "op", "what", "kind", "name", "classes", "output", "window", "thresholds", "by"]
    + ["state", "data", "published", "run", "verdict", "why", "scale"]
)


def show(result: Result, as_json: bool, tables: Callable[[Result], None]) -> None:
    """Print a result as one JSON object or as tables."""
    if as_json:
        print(json.dumps(result))
    else:
        tables(result)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column and those of `_WORD_COLUMNS` hold words, the others numbers."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        words = index == 0 or column in _WORD_COLUMNS
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


def queue_table(result: Result) -> None:
    """One line a run, then how many there are of each state."""
    runs = result["runs"]
    print_table("", ("run", "state", "note"), [tuple(run.values()) for run in runs])
    states = dict.fromkeys(run["state"] for run in runs)
    print(", ".join(f"{sum(run['state'] == state for run in runs)} {state}" for state in states))


def result_tables(result: Result) -> None:
    """The papers' tables, each with its source and what to know about it."""
    for table in result["tables"]:
        print_table(table["title"], table["columns"], table["rows"])
        print(f"{table['source']}. {table['note']}")
        print(f"Run on: {'; '.join(table['hardware'])}.\n" if table["hardware"] else "")


def claims_table(result: Result) -> None:
    """One line a claim, then the rule."""
    columns = ("claim", "source", "verdict", "why", "scale")
    rows = [tuple(claim[column] for column in columns) for claim in result["claims"]]
    print_table("", columns, rows)
    print(result["rule"])


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
        "network_flips": found.network_flips,
        "channels": found.channels,
        "integers": found.integers,
        "compared": found.compared,
        "warnings": found.warnings,
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
    print("Compared")
    for words in result["compared"]:
        print(f"  {words}")
    print(
        f"{result['equal_outputs']:,} of {result['images']:,} outputs are bit-exact; "
        f"{result['mismatched_predictions']} predictions differ, {result['traced']} of them because of a flip or a tie "
        "of floats within their bounds."
    )
    for error in result["errors"][1:]:
        print(error)


def bench_table(result: Result) -> None:
    """One line an op, then the whole network and what to look at first."""
    rows = [
        (str(op["op"]), op["kind"], op["name"], f"{op['us']:.1f}", _percent(op["share"], 1), _count(op["macs"]),
         f"{op['gigamacs_per_second']:,.0f}" if op["macs"] else "", f"{op['bound_us']:.1f}", op["bound_by"],
         _percent(op["share_of_bound"], 0), op["why"])
        for op in result["ops"]
    ]  # fmt: skip
    columns = ("op", "kind", "name", "us", "share", "macs", "10^9 macs/s", "bound us", "by", "of bound", "note")
    print_table("", columns, rows)
    latency, threads = result["latency_us"], result["threads"]
    print(
        f"one image: median {latency['median']:.1f} us, 10 to 90 % {latency['low']:.1f} to {latency['high']:.1f} us, "
        f"{result['runs']} runs, {result['isa']}, {threads} thread{'s'[: threads > 1]}"
    )
    print(
        f"bound: {result['bound_us']:.1f} us at {result['clock_ghz']:.2f} GHz and "
        f"{result['gigabytes_per_second']:.0f} GB/s, both measured here; {result['machine']['processor']}"
    )
    print(f"look first at {result['advice']}")


def file_table(result: Result) -> None:
    """One line an op, then the file as a whole."""
    rows = [
        (str(op["op"]), op["kind"], op["name"], ", ".join(op["outputs"]), op["window"], _count(op["macs"]),
         _count(op["bytes"]), _thresholds(op["thresholds"]))
        for op in result["ops"]
    ]  # fmt: skip
    print_table("", ("op", "kind", "name", "output", "window", "macs", "bytes", "thresholds"), rows)
    macs, photos = result["macs"], result["photos"]
    print(f"input {result['input']}, output {result['output']}, {result['classes']} class names")
    if photos is not None:
        how = f"shorter side to {photos['resize']}, middle cut out" if photos["resize"] else "stretched to the input"
        print(f"photos: {how}, {photos['filter']}")
    print(", ".join(f"{count:,} {product} multiply-accumulates" for product, count in macs.items() if count))
    print(
        f"{_bytes(result['model_file_bytes'])}, {result['constant_bytes']:,} of them constants; a session of one image "
        f"holds {_bytes(result['arena_bytes'])} of tensors; runs here on {', '.join(result['isas'])}"
    )
    for key, value in result["metadata"].items():
        print(f"{key}: {value}")
    dead = [op for op in result["ops"] if op["dead"]]
    for op in dead:
        print(f"op {op['op']} ({op['name']}): dead channels {_ranges(op['dead'])}")
    if not dead:
        print("no dead channels")


def _thresholds(kinds: dict[str, int] | None) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in (kinds or {}).items() if count)


def _ranges(numbers: list[int]) -> str:
    """1, 3 to 5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)


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
    columns = ("name", "about", "source")
    print_table("", columns, [tuple(entry[column] for column in columns) for entry in entries])


def models_table(result: Result) -> None:
    """One line a network, at the input that it is made for."""
    rows = [
        (entry["name"], _size(entry["input"]), f"{entry['parameters']:,}", f"{entry['ops']:,.0f}",
         f"{entry['bytes']:,}", entry["source"])
        for entry in result["models"]
    ]  # fmt: skip
    print_table("", ("name", "input", "parameters", "OPs", "bytes", "source"), rows)


def summary_table(result: Result) -> None:
    """One line a layer, then the totals."""
    between, frame = result["between_layers"], {"file_bytes": result["file_frame_bytes"]}
    named = [(layer["path"], layer) for layer in result["layers"]]
    named += [("between the layers", between), ("header, tables, names", frame)]
    named.append(("all", result | {"file_bytes": result["model_file_bytes"]}))
    keys = ("kind", "weight_bits", "activation_bits", "parameters", "bytes", "file_bytes", "flops", "bops", "ops")
    columns = ("module", "kind", "weight bits", "input bits", "parameters", "bytes", "in the file")
    rows = [(path, *(_cell(part.get(key)) for key in keys)) for path, part in named]
    if result["model_file_bytes"] is None:
        word = "refused" if result["refused"] else "not weighed"
        rows = [(*row[:6], word, *row[7:]) for row in rows if row[0] != "header, tables, names"]
    print_table("", (*columns, "FLOPs", "BOPs", "OPs"), rows)
    print(
        f"{result['model']}, one image of {_size(result['input'])}: {_percent(result['one_bit_work_share'])} of the "
        f"work and {_percent(result['one_bit_weight_share'])} of the layers' weights are one bit"
    )
    if result["refused"]:
        print(f"refused: {result['refused']}")


def _cell(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"{value:,.0f}"
    return value or ""


def _size(shape: list[int]) -> str:
    return "x".join(map(str, shape))


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


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f} %"


def _bytes(count: int) -> str:
    return f"{count:,} bytes"
