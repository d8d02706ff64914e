"""The command as a user meets it: what it prints, and what it says to a mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signbit import cli
from signbit.modelfile import read, write
from signbit.preprocessing import Preprocessing

COMMANDS = (
    "demo",
    "train",
    "queue",
    "result",
    "eval",
    "convert",
    "verify",
    "predict",
    "bench",
    "inspect",
    "summary",
    "models",
    "binarizers",
)
ROOT = Path(__file__).parents[1]
SMALL = ("--set", "train.epochs=1", "--set", "model.width=0.06")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Status, output and error output of a command."""
    before, sys.argv = sys.argv, ["signbit", *arguments]
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        sys.argv = before
    printed = capsys.readouterr()
    status = ended.value.code
    return (status if isinstance(status, int) else 1), printed.out, printed.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one epoch on the digits, and its model file."""
    folder = tmp_path_factory.mktemp("run")
    for arguments in (["train", "binarynet-digits", "--folder", str(folder / "run"), *SMALL],
                      ["convert", str(folder / "run"), str(folder / "model.sbit")]):  # fmt: skip
        subprocess.run([sys.executable, "-c", "from signbit.cli import main; main()", *arguments], check=True)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, command, "--help")
    assert status == 0
    assert f"Example: signbit {command}" in output
    assert "--json" in output


def test_demo_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, "demo", "--json", *SMALL)
    assert status == 0
    result = json.loads(output)
    assert result["test_accuracy_torch"] == result["test_accuracy_engine"]
    assert result["mismatched_predictions"] == 0
    assert result["verified"]
    assert result["verified_exact"]
    assert result["binary_weight_share"] > 0.9
    assert 0 < result["model_file_bytes"] < result["float32_bytes"] < 2 * result["checkpoint_bytes"]
    assert set(result["latency_us"]) == {"torch_float32", "torch_simulated", "engine_1_thread", "engine_2_threads"}
    assert all(low <= median for median, low in _latencies(result))
    assert {"processor", "python", "torch", "signbit"} <= set(result["machine"])


def _latencies(result: dict) -> list[tuple[float, float]]:
    return [(result["latency_us"][name] + 0.1, spread["low"]) for name, spread in result["latency_us_spread"].items()]


def test_eval_agrees_with_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, "eval", str(folder / "run"), "--json")
    assert status == 0
    result = json.loads(output)
    assert result["images"] == 359
    assert 0 < result["accuracy"] < result["top5_accuracy"] <= 1


def test_a_finished_run_is_not_run_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("train", "binarynet-digits", "--folder", str(folder / "run"), *SMALL)
    status, _, error = run(capsys, *command)
    assert status == 1
    assert "holds a run already; go on with it by --resume, or name another folder" in error
    status, output, error = run(capsys, *command, "--resume")
    assert status == 0
    assert error == f"{folder / 'run'} is finished: nothing is left to train\n"
    assert "best epoch" in output
    status, _, error = run(capsys, *command, "--resume", "--set", "train.epochs=2")
    assert status == 1
    assert "train.epochs is 1 there and 2 now" in error


def test_a_stopped_demo_does_not_speak_of_going_on() -> None:
    script = (
        "import sys; from signbit.cli import main; from signbit.train.stopping import Stopping; "
        "Stopping.reason = property(lambda self: 'SIGTERM'); sys.argv = ['signbit', 'demo']; main()"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (75, "", "")


def test_convert_tells_of_every_layer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, "convert", str(folder / "run"), str(folder / "again.sbit"), "--json")
    assert status == 0
    result = json.loads(output)
    assert result["model_file_bytes"] == (folder / "again.sbit").stat().st_size
    assert (folder / "again.sbit").read_bytes() == (folder / "model.sbit").read_bytes()
    assert sum(layer["op"] == "binary_conv" for layer in result["layers"]) == 8
    status, output, _ = run(capsys, "convert", str(folder / "run"), str(folder / "again.sbit"))
    assert "smallest margin" in output


def test_convert_warns_and_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from signbit import convert_checkpoint

    real = convert_checkpoint.convert_checkpoint
    odd = ["module 'a': it is dead", "no layer is binary"]
    monkeypatch.setattr(convert_checkpoint, "convert_checkpoint", lambda *given: replace(real(*given), warnings=odd))
    status, output, error = run(capsys, "convert", str(folder / "run"), str(folder / "odd.sbit"), "--json")
    assert status == 0
    assert error == "warning: module 'a': it is dead\nwarning: no layer is binary\n"
    assert json.loads(output)["warnings"] == odd
    assert (folder / "odd.sbit").read_bytes() == (folder / "model.sbit").read_bytes()


def test_bench_and_inspect(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model_file = str(folder / "model.sbit")
    status, output, _ = run(capsys, "bench", model_file, "--isa", "scalar", "--seconds", "0.1", "--json")
    assert status == 0
    bench = json.loads(output)
    status, output, _ = run(capsys, "inspect", model_file, "--json")
    assert status == 0
    inspected = json.loads(output)
    assert [row["name"] for row in bench["ops"]] == [row["name"] for row in inspected["ops"]]
    assert inspected["model_file_bytes"] == Path(model_file).stat().st_size
    status, output, _ = run(capsys, "bench", model_file, "--seconds", "0.1")
    assert "look first at op" in output
    status, output, _ = run(capsys, "inspect", model_file)
    assert "multiply-accumulates" in output


@pytest.mark.parametrize("command", ["bench", "inspect", "predict"])
def test_what_is_no_model_file(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "model.sbit"
    other.write_text("a text")
    arguments = [str(other), str(other)] if command == "predict" else [str(other)]
    status, output, error = run(capsys, command, *arguments)
    assert (status, output) == (1, "")
    assert error.startswith(f"error: {other}: it does not begin with the mark of a .sbit file")
    assert error.count("\n") == 1


def test_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = str(folder / "run"), str(folder / "model.sbit")
    status, output, _ = run(capsys, "verify", *files, "--isa", "scalar", "--images", "50", "--json")
    assert status == 0
    result = json.loads(output)
    assert result["ok"]
    assert result["isa"] == "scalar"
    assert result["equal_outputs"] == result["images"]
    status, output, _ = run(capsys, "verify", *files, "--images", "5")
    assert status == 0
    for words in ("Compared\n", "Exhaustively: every op and constant", "class names and their order", "On images: 18"):
        assert words in output
    assert result["channels"] > 0
    assert result["integers"] > 1000
    assert "Not compared: names of tensors and ops" in result["compared"][-1]


def test_verify_compares_what_is_not_computed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Class names in another order and another preprocessing give the same numbers, and the wrong answers."""
    model = read(folder / "model.sbit")
    changes = {
        "class names: class 0": replace(model, labels=[*model.labels[1:], model.labels[0]]),
        "preprocessing": replace(model, preprocessing=Preprocessing(9)),
    }
    for words, changed in changes.items():
        write(changed, folder / "changed.sbit")
        arguments = (str(folder / "run"), str(folder / "changed.sbit"), "--images", "5")
        status, _, error = run(capsys, "verify", *arguments)
        assert status == 1
        assert error.startswith(f"error: {words}")


def test_verify_fails_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder / "other"
    assert run(capsys, "train", "binarynet-digits", "--folder", str(other), *SMALL, "--set", "train.seed=5")[0] == 0
    status, _, error = run(capsys, "verify", str(other), str(folder / "model.sbit"), "--images", "5")
    assert status == 1
    assert re.search(r"error: op \d+ \(\w+ \w+\)", error)


def test_predict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    status, output, _ = run(
        capsys, "predict", str(folder / "model.sbit"), str(folder / "noise.png"), "--top", "3", "--json"
    )
    assert status == 0
    (prediction,) = json.loads(output)["predictions"]
    scores = [entry["score"] for entry in prediction["classes"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert run(capsys, "predict", str(folder / "model.sbit"), str(folder / "noise.png"))[0] == 0


def test_summary_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, "summary", str(folder / "run"), "--json")
    assert status == 0
    result = json.loads(output)
    assert result["input"] == [1, 8, 8]
    assert result["model_file_bytes"] == (folder / "model.sbit").stat().st_size
    status, output, _ = run(capsys, "summary", str(folder / "run"))
    assert status == 0
    assert f"{result['model_file_bytes']:,}" in output
    assert f"{result['bops']:,}" in output


@pytest.mark.parametrize("command", ["models", "binarizers"])
def test_lists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = run(capsys, command, "--json")
    assert status == 0
    entries = json.loads(output)[command]
    assert all(entry["name"] and entry["about"] and entry["source"] for entry in entries)
    status, output, _ = run(capsys, command)
    assert status == 0
    if command == "models":
        assert "3x32x32" in output
        for entry in entries:
            assert entry["ops"] > 0
            assert entry["parameters"] / 8 <= entry["bytes"] <= 4 * entry["parameters"]


MISTAKES = {
    "no such command": (["trian"], 2, "trian"),
    "no such option": (["eval", "--fast", "x"], 2, "--fast"),
    "an argument is missing": (["convert"], 2, "checkpoint"),
    "no such recipe": (["train", "resnet"], 1, "binarynet-digits"),
    "no such key": (["train", "binarynet-digits", "--set", "train.epoch=3"], 1, "epochs"),
    "no time": (["train", "binarynet-digits", "--time-limit", "soon"], 1, "90m"),
    "nothing to keep": (["train", "binarynet-digits", "--keep", "-1"], 2, "--keep"),
    "no such choice": (["train", "binarynet-digits", "--set", "model.stem=large"], 1, "integer"),
    "no such demo": (["demo", "--data", "imagenet"], 1, "cifar-10"),
    "no data folder": (["demo", "--data", "cifar-10", "--data-dir", "/nonexistent"], 1, "/nonexistent"),
    "no checkpoint": (["eval", "nothing.pt"], 1, "nothing.pt"),
    "not a checkpoint": (["eval", __file__], 1, "test_cli.py"),
    "no model file": (["predict", "nothing.sbit", "x.png"], 1, "nothing.sbit"),
    "not a model file": (["predict", __file__, "x.png"], 1, "test_cli.py"),
    "nothing to sum up": (["summary", "nothing"], 1, "binarynet"),
    "no such size": (["summary", "binarynet", "--input", "3x32"], 1, "3x32x32"),
    "no square": (["summary", "binarynet", "--input", "3x32x64"], 1, "square"),
    "no such argument": (["summary", "binarynet", "--set", "wide=1"], 1, "inflation"),
    "said twice": (["summary", "binarynet", "--input", "3x32x32", "--set", "image_size=64"], 1, "once"),
    "no such count": (["summary", "binarynet", "--count", "real-input-1x1=xnor"], 1, "real-input-1x1=bop"),
    "a checkpoint has its input": (["summary", __file__, "--input", "3x32x32"], 1, "leave --input"),
    "no such queue": (["queue", "nothing.toml"], 1, "nothing.toml"),
    "no such run": (["result", "nothing"], 1, "nothing"),
    "no results": (["table", "abn", "--results", "nothing"], 1, "nothing: no such folder"),
    "no such figure": (["figure", "crosses", str(ROOT / "results/binarynet-bn-seed0.json")], 1, "sign-balance"),
    "no such table": (["table", "tables", "--results", str(ROOT / "results")], 1, "presb-cifar"),
    "no such part": (["eval", "nothing.pt", "--part", "all"], 1, "held_out"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIGNBIT_DATA", raising=False)
    arguments, wanted, hint = MISTAKES[case]
    status, _, error = run(capsys, *arguments)
    assert status == wanted
    assert error.startswith("error: ")
    assert len(error.strip().splitlines()) == 1
    assert hint in error


def test_mistakes_about_images(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for image, hint in ((Path(__file__), "not an image"), (folder / "nothing.png", "nothing.png")):
        status, _, error = run(capsys, "predict", str(folder / "model.sbit"), str(image))
        assert status == 1
        assert hint in error
    status, _, error = run(capsys, "predict", str(folder / "model.sbit"), "x.png", "--isa", "mmx")
    assert status == 1
    assert "scalar" in error


@pytest.mark.parametrize(
    ("module", "extra"), [("torch", "train"), ("PIL", "cli"), ("lightning_fabric", "train"), ("datasets", "hub")]
)
def test_a_missing_extra_is_named(module: str, extra: str, folder: Path) -> None:
    command = {
        "torch": ["eval", str(folder / "run")],
        "lightning_fabric": ["train", "binarynet-digits"],
        "PIL": ["predict", str(folder / "model.sbit"), "x.png"],
        "datasets": ["train", "binarynet-digits", "--set", 'data={name="hub", repository="a/b", size=8}'],
    }[module]
    script = f"import sys; sys.modules[{module!r}] = None; from signbit.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines() == [
        f"error: this command needs {module}; install it with: pip install 'signbit[{extra}]'"
    ]


def test_without_typer_the_extra_is_named() -> None:
    script = "import sys; sys.modules['typer'] = None; from signbit.cli import main"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "pip install 'signbit[cli]'" in ended.stderr
