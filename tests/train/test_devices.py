"""A run in two processes, as `train.devices=2` starts them on a CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def train(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    settings = ("train.devices=2", "train.accelerator=cpu", "train.epochs=2", "train.threads=1", "model.width=0.1")
    command = [sys.executable, "-m", "signbit", "train", "binarynet-digits", "--folder", str(folder), "--json", *more]
    words = [word for setting in settings for word in ("--set", setting)]
    return subprocess.run([*command, *words], cwd=folder.parent, capture_output=True, text=True, timeout=300)


def test_two_processes_write_one_run_and_print_one_result(tmp_path: Path) -> None:
    run = train(tmp_path / "run")
    assert run.returncode == 0, run.stderr
    (line,) = run.stdout.strip().splitlines()
    assert json.loads(line)["checkpoint"] == str(tmp_path / "run/model.pt")
    rows = [json.loads(row) for row in (tmp_path / "run/curves.jsonl").read_text().splitlines()]
    assert rows[1]["loss"] < rows[0]["loss"]


def test_two_processes_stop_and_go_on(tmp_path: Path) -> None:
    stopped = train(tmp_path / "run", "--time-limit", "1")
    assert stopped.returncode == 75, stopped.stderr
    assert (tmp_path / "run/last.pt").exists()
    again = train(tmp_path / "run", "--resume")
    assert again.returncode == 0, again.stderr
    assert len((tmp_path / "run/curves.jsonl").read_text().splitlines()) == 2
