"""The command ``signbit``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from signbit.extras import explain_missing, extra_of

try:
    import typer
except ModuleNotFoundError:
    sys.exit(f"error: {explain_missing('the command line', 'typer')}")

if TYPE_CHECKING:
    from signbit.verify import Verification

app = typer.Typer(
    help="Train, convert, verify and run binary neural networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: train.epochs=5.")]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder of the data files; default: SIGNBIT_DATA.")]
Isa = Annotated[str | None, typer.Option("--isa", help="Instruction set of the engine; default: the best one here.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of the engine.")]


@app.command(epilog="Example: signbit demo --data cifar-10 --data-dir data --set model.width=0.25 --set train.epochs=5")
def demo(
    data: Annotated[str, typer.Option("--data", help="digits, mnist, fashion-mnist or cifar-10.")] = "digits",
    data_dir: DataDir = None,
    settings: Set = None,
    folder: Annotated[Path | None, typer.Option(help="Keep the run here; default: a folder that is removed.")] = None,
    as_json: Json = False,
) -> None:
    """Train a small binary network on real images, convert it, verify it, run it: the whole way in a minute."""
    from signbit.demo import run_demo
    from signbit.errors import RunStopped
    from signbit.report import demo_table, show

    with tempfile.TemporaryDirectory() as temporary:
        try:
            result = run_demo(data, folder or Path(temporary), data_dir=data_dir, overrides=settings, quiet=as_json)
        except RunStopped as stopped:  # its message is about going on, which a demo does not
            raise SystemExit(stopped.status) from None
    show(result, as_json, demo_table)
    if not result["verified"]:
        fail(result["verify_errors"][0])


@app.command(epilog="Example: signbit train binarynet-cifar10 --data-dir data --set model.width=0.25 --folder runs/a")
def train(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe that comes with signbit, or a TOML file.")],
    folder: Annotated[Path | None, typer.Option(help="Run folder; default: runs/NAME.")] = None,
    data_dir: DataDir = None,
    settings: Set = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's last checkpoint.")] = False,
    keep: Annotated[int, typer.Option("--keep", min=0, metavar="N", help="Keep the N best epochs: epoch-0012.pt.")] = 0,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="TIME", help="Save and stop after 3600, 90m or 2h.")
    ] = None,
    checkpoint_every: Annotated[
        str, typer.Option("--checkpoint-every", metavar="TIME", help="Save within an epoch too, this often.")
    ] = "10m",
    as_json: Json = False,
) -> None:
    """Train by a recipe; the held-out part chooses the epoch, the test part is read once, at the end.

    A run is never lost. After each epoch and every --checkpoint-every it saves itself, and the same command with
    --resume goes on from there, to the same result as without a break. On SIGTERM, Ctrl-C or at its --time-limit it
    finishes the step it is at, saves itself and ends with exit status 75 (after Ctrl-C: 130); 0 is a finished run,
    1 an error.
    """
    from signbit.report import fields_table, show
    from signbit.train.fit import fit
    from signbit.train.recipe import load_recipe
    from signbit.train.stopping import seconds

    folder = folder or Path("runs") / Path(recipe).stem
    read = load_recipe(recipe, settings or [])
    done = fit(
        read,
        folder,
        splits=read.data.load(data_dir),
        quiet=as_json,
        resume=resume,
        keep=keep,
        time_limit=None if time_limit is None else seconds(time_limit),
        checkpoint_every=seconds(checkpoint_every),
    )
    if done.checkpoint is None:  # not the first of several processes
        return
    result = {
        "folder": str(folder),
        "checkpoint": str(done.checkpoint),
        "best_epoch": done.best_epoch + 1,
        "held_out_accuracy": done.held_out_accuracy,
        "test_accuracy": done.test.accuracy,
        "test_top5_accuracy": done.test.top5_accuracy,
        "seconds": done.seconds,
    }
    show(result, as_json, fields_table)


@app.command("eval", epilog="Example: signbit eval runs/a/model.pt --data-dir data")
def evaluate_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint, or the folder of a finished run.")],
    part: Annotated[str, typer.Option(help="test, held_out or train.")] = "test",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Accuracy of a checkpoint on a part of the data it was trained with, in torch."""
    from signbit.report import fields_table, show
    from signbit.train.checkpoint import load_checkpoint
    from signbit.train.evaluate import evaluate

    if part not in ("test", "held_out", "train"):
        fail(f"--part {part}: there are test, held_out and train")
    model, recipe, _ = load_checkpoint(checkpoint)
    dataset = getattr(recipe.data.load(data_dir), part)
    found = evaluate(model, dataset)
    result = {
        "checkpoint": str(checkpoint),
        "part": part,
        "images": len(dataset),
        "accuracy": found.accuracy,
        "top5_accuracy": found.top5_accuracy,
    }
    show(result, as_json, fields_table)


@app.command(epilog="Example: signbit queue results/small-scale.toml --processes 2 --time-limit 8h")
def queue(
    file: Annotated[Path, typer.Argument(help="A TOML file of runs: name, recipe, set, seeds.")],
    only_list: Annotated[
        bool, typer.Option("--list", help="Say what is done, begun and to come; train nothing.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Runs at the same time; default: one a core.")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="TIME", help="Save and stop after 3600, 90m or 2h.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of the results, NAME-seedN.json.")] = Path("results"),
    runs: Annotated[Path, typer.Option(help="Folder of the run folders and logs.")] = Path("runs"),
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Train a list of recipes by several seeds, the first seed of each before the second of any.

    The same command resumes where it was stopped or killed: runs that have a result are skipped, and unfinished runs
    are resumed. If a run fails, the error is reported and the other runs continue. Exit status 0: nothing is left for
    this queue (runs that another queue holds are counted as elsewhere); 1: runs failed; 75: it was stopped by SIGTERM
    or its --time-limit, and everything is saved (after Ctrl-C: 130).
    """
    from signbit.report import fields_table, queue_table, show
    from signbit.train.queue_file import read_queue
    from signbit.train.run_queue import Place, look, run_queue
    from signbit.train.stopping import seconds

    jobs, place = read_queue(file), Place(results, runs, data_dir)
    if only_list:
        found = [(job.name, *look(job, place)) for job in jobs]
        show({"runs": [dict(zip(("run", "state", "note"), row, strict=True)) for row in found]}, as_json, queue_table)
        return
    limit = None if time_limit is None else seconds(time_limit)
    report = run_queue(
        jobs, place, processes=processes, time_limit=limit, tell=lambda text: print(text, file=sys.stderr)
    )
    counts = {name: len(runs) for name, runs in vars(report).items()}
    show(vars(report) if as_json else counts, as_json, fields_table)
    if report.failed:
        fail(f"{len(report.failed)} runs failed: {', '.join(report.failed)}")


@app.command(epilog="Example: signbit result runs/a --name binarynet-abn")
def result(
    run: Annotated[Path, typer.Argument(help="The folder of a finished run.")],
    name: Annotated[str | None, typer.Option(help="Of the experiment; default: the folder's without -seedN.")] = None,
    results: Annotated[Path, typer.Option(help="Folder to write NAME-seedN.json to.")] = Path("results"),
    activations: Annotated[bool, typer.Option("--activations", help="Keep the histograms of the activations.")] = False,
    model: Annotated[bool, typer.Option("--model", help="Store the model too, small: models/NAME-seedN.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write the result of a finished run as one JSON file: recipe, code, seed, hardware, and every epoch's figures."""
    from signbit.report import fields_table, show
    from signbit.train.recipe import load_recipe
    from signbit.train.result import check_same_experiment, result_of, without_seed, write_result
    from signbit.train.run_folder import RECIPE_FILE
    from signbit.train.stored_model import store_model, stored_beside

    if not (run / RECIPE_FILE).exists():
        fail(f"{run} holds no run; give the folder of a finished run")
    recipe = load_recipe(run / RECIPE_FILE)
    splits = recipe.data.load(data_dir)
    found = result_of(run, name or without_seed(run.name), splits=splits, activations=activations)
    path = results / f"{found['name']}-seed{found['seed']}.json"
    check_same_experiment(path, recipe)
    write_result(found, path)
    if model:
        store_model(run, stored_beside(path))
    written = {"result": str(path), **found["best"]}
    show(written, as_json, fields_table)


@app.command(epilog="Example: signbit table abn --results results")
def table(
    name: Annotated[str, typer.Argument(help="One of the papers' tables, small-scale, or all.")],
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results"),
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    figures: Annotated[Path | None, typer.Option(help="Of the page `all`: folder of the drawn figures.")] = None,
    as_json: Json = False,
) -> None:
    """Print a table of the papers next to our results: means and standard deviations over seeds, or "not run".

    `all`, as Markdown, is the page docs/results.md: all tables, the claims and the figures.
    """
    from signbit.inspect.results_page import results_page
    from signbit.inspect.series import in_series
    from signbit.inspect.tables import NAMES, make_table, markdown
    from signbit.report import result_tables, show
    from signbit.train.result import read_results

    series = in_series(read_results(results))
    if as_markdown:
        print(results_page(series, figures) if name == "all" else markdown(make_table(name, series)), end="")
        return
    made = [vars(make_table(each, series)) for each in (NAMES if name == "all" else (name,))]
    show({"tables": made}, as_json, result_tables)


@app.command(epilog="Example: signbit figure ablation results/binarynet-abn*.json --output figures")
def figure(
    name: Annotated[str, typer.Argument(help="One of the papers' figures; a wrong name lists them.")],
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs, or result files.")],
    output: Annotated[Path, typer.Option(help="Folder for NAME.png, NAME.svg and NAME.txt.")] = Path(),
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Draw a figure of the papers from runs, as PNG and SVG, with a caption that says what was run."""
    from signbit.inspect.figures import draw
    from signbit.inspect.runs import open_runs
    from signbit.report import fields_table, show

    drawn = draw(name, open_runs(runs, data_dir), output)
    show({"png": str(drawn.png), "svg": str(drawn.svg), "caption": drawn.caption}, as_json, fields_table)


@app.command(epilog="Example: signbit claims --results results")
def claims(
    results: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results"),
    as_json: Json = False,
) -> None:
    """List what the papers claim, with what our results say of it and at which scale, by one stated rule."""
    from signbit.inspect.claims import RULE, find
    from signbit.inspect.series import in_series
    from signbit.report import claims_table, show
    from signbit.train.result import read_results

    findings = find(in_series(read_results(results)))
    show({"rule": RULE, "claims": [vars(finding) for finding in findings]}, as_json, claims_table)


@app.command(epilog="Example: signbit convert runs/a/model.pt quarter.sbit")
def convert(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint, or the folder of a finished run.")],
    output: Annotated[Path, typer.Argument(help="The model file to write.")],
    as_json: Json = False,
) -> None:
    """Convert a checkpoint to a model file, and print what each layer became."""
    from signbit.convert_checkpoint import convert_checkpoint
    from signbit.report import layers_table, show
    from signbit.train.checkpoint import load_checkpoint

    conversion = convert_checkpoint(*load_checkpoint(checkpoint))
    size = conversion.save(output)
    warn(conversion.warnings)
    layers = [vars(layer) for layer in conversion.layers]
    result = {"model_file": str(output), "model_file_bytes": size, "warnings": conversion.warnings, "layers": layers}
    show(result, as_json, layers_table)


@app.command(epilog="Example: signbit verify runs/a/model.pt quarter.sbit --data-dir data --images 1000")
def verify(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint that was converted.")],
    model_file: Annotated[Path, typer.Argument(help="What it was converted to.")],
    data: Annotated[str | None, typer.Option("--data", help="Data set; default: the one it was trained with.")] = None,
    data_dir: DataDir = None,
    images: Annotated[int, typer.Option(min=1, help="How many test images to run.")] = 1000,
    isa: Isa = None,
    threads: Threads = 1,
    as_json: Json = False,
) -> None:
    """Check that a model file matches its checkpoint and that the engine reproduces PyTorch's results.

    The exit status is 1 if a check fails.
    """
    from signbit import data as data_sets
    from signbit.convert_checkpoint import preprocessing_of
    from signbit.engine import Model
    from signbit.report import show, verification, verification_table
    from signbit.train.checkpoint import load_checkpoint
    from signbit.verify import verify as verify_model

    model, recipe, info = load_checkpoint(checkpoint)
    engine = Model.load(model_file)
    splits = data_sets.load(data, data_dir) if data else recipe.data.load(data_dir)
    found: Verification = verify_model(
        model,
        engine,
        splits.test.images[:images],
        labels=info["class_names"],
        preprocessing=preprocessing_of(info),
        isa=isa,
        threads=threads,
    )
    warn(found.warnings)
    show(verification(found), as_json, verification_table)
    if not found.ok:
        fail(found.errors[0])


@app.command(epilog="Example: signbit predict quarter.sbit cat.png dog.png --top 3")
def predict(
    model_file: Annotated[Path, typer.Argument(help="A model file that reads uint8 images.")],
    images: Annotated[list[Path], typer.Argument(help="Photos; each is resized and cut as the model file asks.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to print.")] = 1,
    isa: Isa = None,
    as_json: Json = False,
) -> None:
    """Classify images with a model file; needs no torch."""
    from signbit.engine import Model
    from signbit.predict import classify
    from signbit.report import predictions_table, show

    session = Model.load(model_file).session(isa=isa)
    show({"predictions": [classify(session, image, top) for image in images]}, as_json, predictions_table)


@app.command(epilog="Example: signbit bench quarter.sbit --threads 2")
def bench(
    model_file: Annotated[Path, typer.Argument(help="A model file.")],
    isa: Isa = None,
    threads: Threads = 1,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to measure.")] = 2.0,
    as_json: Json = False,
) -> None:
    """Time each op of a model file, say how near it is to what the instruction set allows, and why it is not nearer."""
    from signbit.bench import run_bench
    from signbit.engine import Model
    from signbit.report import bench_table, show

    result = run_bench(Model.load(model_file), isa=isa, threads=threads, seconds=seconds)
    show({"model_file": str(model_file)} | result, as_json, bench_table)


@app.command(epilog="Example: signbit inspect quarter.sbit")
def inspect(
    model_file: Annotated[Path, typer.Argument(help="A model file.")],
    as_json: Json = False,
) -> None:
    """Print what is in a model file: ops, shapes, thresholds, bytes, dead channels; needs no torch."""
    from signbit.engine import Model
    from signbit.model_file_report import describe
    from signbit.report import file_table, show

    show({"model_file": str(model_file)} | describe(Model.load(model_file)), as_json, file_table)


@app.command(epilog="Example: signbit summary reactnet18 --input 3x224x224 --set num_classes=1000 --no-file")
def summary(
    model: Annotated[str, typer.Argument(help="Name of a model, a checkpoint, or the folder of a finished run.")],
    size: Annotated[str | None, typer.Option("--input", metavar="CxHxW", help="Of a named model: 3x32x32.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ARGUMENT=VALUE", help="Of a named model: width=0.25.")
    ] = None,
    count: Annotated[
        str, typer.Option("--count", help="What 1x1 products of real inputs and one-bit weights are: flop or bop.")
    ] = "real-input-1x1=flop",
    file: Annotated[bool, typer.Option("--file/--no-file", help="Weigh the model file too: a conversion.")] = True,
    as_json: Json = False,
) -> None:
    """What each layer costs: bits, parameters, bytes, and operations for one image, OPs = FLOPs + BOPs / 64.

    Bytes are counted twice: 1 bit for a one-bit weight and 32 for every other parameter, as the papers do; and in the
    model file as it will be written. Of a model that is named, that is the file of its untrained weights.
    """
    from signbit.report import show, summary_table
    from signbit.summary import count_option, summarize

    counted_as = count_option(count)
    result = summarize(model, size=size, settings=settings or [], real_input_1x1=counted_as, with_file=file)
    show(result, as_json, summary_table)


@app.command(epilog="Example: signbit models --json")
def models(as_json: Json = False) -> None:
    """The networks that recipes can name, and what one image costs them."""
    from signbit.report import models_table, show
    from signbit.train.catalogue import describe_models

    show({"models": describe_models()}, as_json, models_table)


@app.command(epilog="Example: signbit binarizers")
def binarizers(as_json: Json = False) -> None:
    """The binarizers that layers and recipes can name."""
    from signbit.report import names_table, show
    from signbit.train.catalogue import describe_binarizers

    show({"binarizers": describe_binarizers()}, as_json, names_table)


def warn(warnings: list[str]) -> None:
    """Print warnings, one per line; they do not change the exit status of the command."""
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def fail(message: str, status: int = 1) -> NoReturn:
    """End the command with one line."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)


def main() -> None:
    """Run the command; a user's mistake is one line without a traceback, and a status that is not zero."""
    from signbit.errors import RunStopped, SignbitError

    try:
        status = app(standalone_mode=False)
    except ModuleNotFoundError as error:
        if extra_of(error.name or "") is None:
            raise
        fail(explain_missing("this command", error.name or ""))
    except RunStopped as stopped:
        print(f"stopped: {stopped}", file=sys.stderr)
        raise SystemExit(stopped.status) from None
    except (SignbitError, ValueError, OSError) as error:
        fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(130) from None
    except Exception as error:
        if not hasattr(error, "format_message"):  # a wrong option or argument, in the words of typer
            raise
        fail(f"{error.format_message()} See: signbit --help", 2)
    raise SystemExit(status if isinstance(status, int) else 0)
