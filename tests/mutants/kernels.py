"""Put faults into a copy of the engine, one at a time, and see whether the C++ tests notice.

The faults are those of kernels.toml, beside this file. Each is built (Release) and the tests are run until one fails. A
fault that survives is built and run once more under the sanitizers, because some only write where nobody looks. The
results go to kernels-score.json.

    python tests/mutants/kernels.py              # all but those of 64-bit Arm
    python tests/mutants/kernels.py --arm        # only those of 64-bit Arm: cross compiled, run by qemu
    python tests/mutants/kernels.py --only TEXT  # only those whose name or file contains the text
    python tests/mutants/kernels.py --open       # only those without a result, or with another than they should have

What was not run keeps its earlier result. Each is written at once: a run that was cut off goes on with --open.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIST, SCORE = HERE / "kernels.toml", HERE / "kernels-score.json"
BIN = ROOT / ".venv/bin"
ARM_FILE = "kernels/arm/neon.cpp"
# What a processor must have for a fault in the file to be run at all.
NEEDS = {
    "kernels/x86/avx2.cpp": "avx2",
    "kernels/x86/avx512.cpp": "avx512",
    "kernels/x86/avx512_shared.h": "avx512",
    "kernels/x86/avx512vpopcntdq.cpp": "avx512vpopcntdq",
}
LEAST_SECONDS, TIMES_SLOWER = 60, 20  # a test that takes longer than both hangs
NOTICED = ("killed", "timeout")
# What the sanitizers are not asked again: these tests compare floats and count races, and take most of the time.
NOT_SANITIZED = ("sigmoid", "threads", "thread_pool")


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        name: unique.
        file: below engine/src.
        old, new: the text that the file has exactly once, and what takes its place.
        why: what goes wrong.
        gap: the test that was written because none noticed at first; empty where one did.
        equivalent: why nothing can go wrong; empty where something must.
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    gap: str = ""
    equivalent: str = ""


@dataclass(frozen=True)
class Result:
    """What became of a fault.

    Attributes:
        outcome: `killed`, `timeout`, `survived` or `does not compile`.
        by: the test that noticed, after `sanitizers, ` where it took them.
        seconds: of the builds and the tests.
    """

    outcome: str
    by: str = ""
    seconds: float = 0.0


def read_list() -> list[Mutant]:
    """The faults of kernels.toml."""
    return [Mutant(**entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]]


def mutated(source: str, mutant: Mutant) -> str:
    """The text of the file with the fault in it.

    Raises:
        ValueError: the file does not have the text exactly once.
    """
    count = source.count(mutant.old)
    if count != 1 or mutant.old == mutant.new:
        raise ValueError(f"{mutant.name}: {mutant.file} has the text {count} times; it must have it once")
    return source.replace(mutant.old, mutant.new)


def run(command: Sequence[str | Path], seconds: float | None = None) -> int | None:
    """The exit code, or None where it ran past the seconds. What it prints is lost."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None


@dataclass
class Build:
    """One configuration of the copied engine."""

    tree: Path
    name: str
    options: Sequence[str]
    left_out: Sequence[str] = ()
    tests: dict[str, list[str]] = field(default_factory=dict)  # name -> command, quickest first
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.tree / f"build-{self.name}"

    def prepare(self) -> None:
        """Configure, build and run the engine as it is.

        Raises:
            RuntimeError: it does not build, or a test fails.
        """
        given = ["-DSIGNBIT_TESTS=ON", "-DSIGNBIT_PROGRAMS=OFF", "-DSIGNBIT_INSTALL=OFF", *self.options]
        make = f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}"
        configured = run([BIN / "cmake", "-S", self.tree / "engine", "-G", "Ninja", make, "-B", self.folder, *given])
        if configured != 0 or not self.compiles():
            raise RuntimeError(f"{self.name}: the engine without a fault does not build")
        listing = subprocess.run(
            [BIN / "ctest", "--test-dir", self.folder, "--show-only=json-v1"], check=True, capture_output=True
        )
        tests = {test["name"]: test["command"] for test in json.loads(listing.stdout)["tests"]}
        tests = {name: command for name, command in tests.items() if name not in self.left_out}
        seconds = {}
        for name, command in tests.items():
            start = time.monotonic()
            if run(command) != 0:
                raise RuntimeError(f"{self.name}: {name} fails without a fault")
            seconds[name] = time.monotonic() - start
        self.tests = {name: tests[name] for name in sorted(tests, key=seconds.__getitem__)}
        self.limits = {name: max(LEAST_SECONDS, TIMES_SLOWER * taken) for name, taken in seconds.items()}
        print(f"{self.name}: built, {len(tests)} tests in {sum(seconds.values()):.0f} s", flush=True)

    def compiles(self) -> bool:
        return run([BIN / "cmake", "--build", self.folder, "-j", "1"]) == 0

    def judge(self) -> tuple[str, str]:
        """The outcome for the tree as it is now, and the test that decided it."""
        if not self.compiles():
            return "does not compile", ""
        for name, command in self.tests.items():
            code = run(command, self.limits[name])
            if code != 0:
                return "timeout" if code is None else "killed", name
        return "survived", ""


class Bench:
    """The copy of the engine, and the builds of it, each made when it is first wanted."""

    def __init__(self, tree: Path, arm: bool) -> None:
        self.tree = tree
        shutil.copytree(ROOT / "engine", tree / "engine")
        shutil.copytree(ROOT / "tests/files", tree / "tests/files")
        release = "-DCMAKE_BUILD_TYPE=Release"
        chain = f"-DCMAKE_TOOLCHAIN_FILE={tree / 'engine/cmake/aarch64-linux-gnu.cmake'}"
        self.first = Build(tree, "arm", [release, chain]) if arm else Build(tree, "release", [release])
        sanitized = ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DSIGNBIT_SANITIZE=address,undefined"]
        self.second = (
            None if arm else Build(tree, "sanitizers", sanitized, NOT_SANITIZED)
        )  # qemu has no room for their memory
        self.first.prepare()

    def try_out(self, mutant: Mutant) -> Result:
        """Build and test the fault, and take it out again."""
        path, start = self.tree / "engine/src" / mutant.file, time.monotonic()
        original = path.read_text(encoding="utf-8")
        path.write_text(mutated(original, mutant), encoding="utf-8")
        try:
            outcome, by = self.first.judge()
            if outcome == "survived" and self.second:
                outcome, by = self._under_sanitizers(path, original, mutant)
        finally:
            path.write_text(original, encoding="utf-8")
        return Result(outcome, by, round(time.monotonic() - start, 1))

    def _under_sanitizers(self, path: Path, original: str, mutant: Mutant) -> tuple[str, str]:
        assert self.second
        if not self.second.tests:
            path.write_text(original, encoding="utf-8")
            self.second.prepare()
            path.write_text(mutated(original, mutant), encoding="utf-8")
        outcome, by = self.second.judge()
        return outcome, f"sanitizers, {by}" if by else ""

    def isas(self) -> str:
        """What the tests say they run on."""
        output = subprocess.run(self.first.tests["isas"], capture_output=True, text=True, check=True).stdout
        return output.splitlines()[0].removeprefix("supported: ")


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z, share = 1.959964, hits / total
    centre, spread = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return (centre - spread) / (1 + z * z / total), (centre + spread) / (1 + z * z / total)


def score(noticed: int, total: int) -> dict[str, Any]:
    """Of so many faults, how many a test noticed."""
    low, high = wilson(noticed, total) if total else (0.0, 1.0)
    share = round(noticed / total, 4) if total else None
    return {"noticed": noticed, "of": total, "share": share, "wilson_95": [round(low, 4), round(high, 4)]}


def summary(mutants: Sequence[Mutant], results: dict[str, Result]) -> dict[str, Any]:
    """Counts, the score and its interval, and what survived, of the faults that were run."""
    counted = [mutant for mutant in mutants if mutant.name in results and not mutant.equivalent]
    noticed = [mutant for mutant in counted if results[mutant.name].outcome in NOTICED]
    survivors = [mutant for mutant in mutants if mutant.name in results and results[mutant.name].outcome == "survived"]
    ran = [mutant for mutant in mutants if mutant.name in results]
    return {
        "mutants": len(ran),
        "not_run": len(mutants) - len(ran),
        "equivalent": len(ran) - len(counted),
        "now": score(len(noticed), len(counted)),
        # Tests were then written for what had not been noticed: this is the estimate for faults that nobody wrote down.
        # Those of Arm were run only after that.
        "when_first_run": score(
            sum(not m.gap for m in noticed if m.file != ARM_FILE), sum(m.file != ARM_FILE for m in counted)
        ),
        "outcomes": dict(sorted(Counter(results[mutant.name].outcome for mutant in ran).items())),
        "only_under_sanitizers": sum(results[mutant.name].by.startswith("sanitizers") for mutant in counted),
        "first_noticed_by": dict(Counter(results[mutant.name].by for mutant in noticed).most_common()),
        "by_file": {
            file: f"{sum(m.file == file for m in noticed)} of {sum(m.file == file for m in counted)}"
            for file in sorted({mutant.file for mutant in counted})
        },
        "survivors": {m.name: m.equivalent or f"a gap: {m.why}" for m in survivors},
    }


def read_score(mutants: Sequence[Mutant]) -> tuple[dict[str, Result], dict[str, Any]]:
    """The earlier results of faults that are still in the list, and where they were made."""
    if not SCORE.exists():
        return {}, {}
    content = json.loads(SCORE.read_text(encoding="utf-8"))
    known = {mutant.name for mutant in mutants}
    return {name: Result(**entry) for name, entry in content["results"].items() if name in known}, content["runs"]


def write_score(mutants: Sequence[Mutant], results: dict[str, Result], runs: dict[str, Any]) -> None:
    """All results in the order of the list."""
    content = {
        "summary": summary(mutants, results),
        "runs": runs,
        "results": {mutant.name: asdict(results[mutant.name]) for mutant in mutants if mutant.name in results},
    }
    SCORE.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def compiler_version(arm: bool) -> str:
    """The first line of what the compiler says of itself."""
    compiler = "aarch64-linux-gnu-g++" if arm else os.environ.get("CXX", "c++")
    return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arm", action="store_true", help="the faults in the NEON kernels, under qemu")
    parser.add_argument("--only", default="", help="a part of the name or file of those to run")
    parser.add_argument("--open", action="store_true", help="those without a result, or not the one they should have")
    arguments = parser.parse_args()
    mutants = read_list()
    results, runs = read_score(mutants)
    chosen = [m for m in mutants if (m.file == ARM_FILE) == arguments.arm and arguments.only in f"{m.name} {m.file}"]
    chosen = [m for m in chosen if not arguments.open or m.name not in results or not as_expected(m, results)]
    for mutant in chosen:
        mutated((ROOT / "engine/src" / mutant.file).read_text(encoding="utf-8"), mutant)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.arm)
        isas = bench.isas()
        runs["arm" if arguments.arm else "x86"] = {"compiler": compiler_version(arguments.arm), "isas": isas}
        for number, mutant in enumerate(chosen, 1):
            if NEEDS.get(mutant.file, "scalar") not in isas.split() and not arguments.arm:
                continue
            result = bench.try_out(mutant)
            results, others = read_score(mutants)  # a run for Arm may be writing too
            results[mutant.name], runs = result, {**others, **runs}
            write_score(mutants, results, runs)
            print(
                f"{number:3}/{len(chosen)} {result.outcome:10} {result.seconds:5.1f} s  {mutant.name}"
                f"{f' ({result.by})' if result.by else ''}",
                flush=True,
            )
    print(json.dumps(summary(mutants, results), indent=1))
    return 0 if all(as_expected(mutant, results) for mutant in mutants) else 1


def as_expected(mutant: Mutant, results: dict[str, Result]) -> bool:
    """Whether a fault was noticed, or survived because it is none, or was not run."""
    if mutant.name not in results:
        return True
    outcome = results[mutant.name].outcome
    return outcome == "survived" if mutant.equivalent else outcome in NOTICED


if __name__ == "__main__":
    sys.exit(main())
