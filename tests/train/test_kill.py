"""SIGKILL at random moments: the run ends in the same bits all the same."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from equal_runs import assert_equal_runs

from signbit.train import Recipe, to_toml

KILLS = 20


class Server:
    """The process of kill_server.py, and what came of its orders."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("kill_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: list[str], folder: Path, delay: float | None = None, in_save: bool = False) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"arguments": arguments, "folder": str(folder), "log": str(self.log), "delay": delay}
        print(json.dumps(order | {"in_save": in_save}), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.communicate()


@pytest.mark.slow
def test_twenty_kills(seed: int, staged: Recipe, tmp_path: Path) -> None:
    recipe = tmp_path / "staged.toml"
    recipe.write_text(to_toml(staged))
    command = ["train", str(recipe), "--resume", "--checkpoint-every", "0.1s", "--keep", "2", "--folder"]
    whole, choose = tmp_path / "whole", random.Random(seed)
    found = {"kills": 0, "runs": 0, "in a save": 0, "in an epoch": 0, "before the first checkpoint": 0}
    reached = []
    # A process of its own, with nothing shared: what the kills must not change.
    subprocess.run([sys.executable, "-c", "from signbit.cli import main; main()", *command, str(whole)], check=True)

    with Server(tmp_path / "log") as server:
        began = time.perf_counter()
        assert server.run([*command, str(tmp_path / "timed")], tmp_path / "timed")["status"] == 0
        length = time.perf_counter() - began
        while found["kills"] < KILLS:
            folder = tmp_path / f"run {found['runs']}"
            status = None
            while status != 0:
                # Every third is aimed at a save, which random moments hit too seldom.
                delay, in_save = choose.uniform(0, length / 6), found["kills"] % 3 == 2
                ended = server.run([*command, str(folder)], folder, delay, in_save)
                status = ended["status"]
                assert status in (0, -signal.SIGKILL), server.log.read_text()
                if status != 0:
                    state = _state(folder)
                    found["kills"] += 1
                    found["in a save"] += ended["in_save"]
                    found["in an epoch"] += bool(state and state["batch"])
                    found["before the first checkpoint"] += state is None
                    reached.append(state["step"] if state else 0)
            found["runs"] += 1
            assert_equal_runs(whole, folder)
    print(f"{found}; one run takes {length:.1f} s; steps reached: {reached}")
    assert found["in a save"] > 0
    assert found["in an epoch"] > 0


def _state(folder: Path) -> dict[str, Any] | None:
    last = folder / "last.pt"
    return torch.load(last, weights_only=True)["run"] if last.exists() else None
