"""Do the tests of `convert` and `verify` bite? A random sample of mutants, each run against them.

`cosmic-ray` says what can be changed; a sample of its mutants, stratified by file, is drawn by a fixed seed. Each is
written into a clone of the sources, and the tests that run the changed statement (`reached.py`) run there, in a process
forked from one that has torch loaded, until the first that fails. The result is committed: the score with its Wilson
interval, and every survivor with the reason that `reasons.toml` gives.

Run it with `make mutants`; `--files convert/fold.py` takes some files, `--sample 40` fewer mutants. The result is
written after each mutant, and `--missing` runs only those that have none yet.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import reached

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SOURCES = ("convert", "verify")
TESTS = ("tests/convert", "tests/verify")
SEED, SAMPLE = 20261128, 400
TIMEOUT_SECONDS = 600
NO_TESTS = 5  # the exit status of pytest
OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow")
# These two need to be told which variables there are.
LEFT_OUT = ("core/VariableInserter", "core/VariableReplacer")


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: below src/signbit.
        operator: cosmic-ray's name for the kind of change.
        occurrence: which of the places in the file.
        line: where.
        before, after: the line, without and with the change.
    """

    file: str
    operator: str
    occurrence: int
    line: int
    before: str
    after: str


class _Bare(ast.NodeTransformer):
    """A module without annotations and docstrings: what is left is what runs."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.returns = None
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return ast.Constant("words")  # what a message says is not what is measured here


def meaning(source: str) -> str:
    """What a module does, for telling a change from none."""
    return ast.dump(_Bare().visit(ast.parse(source)))


def operators() -> dict[str, Any]:
    """What cosmic-ray can change, by name."""
    import cosmic_ray.plugins

    names = (name for name in sorted(cosmic_ray.plugins.operator_names()) if name not in LEFT_OUT)
    return {name: cosmic_ray.plugins.get_operator(name)() for name in names}


def positions(source: str) -> list[tuple[str, int]]:
    """Every place where something can be changed: the operator, and which of its places."""
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes = list(ast_nodes(get_ast(source)))
    return [
        (name, occurrence)
        for name, operator in operators().items()
        for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes))
    ]


def mutants_of(path: Path, places: list[tuple[str, int]]) -> Iterator[tuple[Mutant, str]]:
    """The mutants at these places that change what the file does, with the mutated source, each once."""
    from cosmic_ray.mutating import mutate_code

    source, known = path.read_text(encoding="utf-8"), operators()
    seen = {meaning(source)}
    for name, occurrence in places:
        mutated = mutate_code(source, known[name], occurrence)
        try:
            found = meaning(mutated)
        except (SyntaxError, TypeError):
            continue
        if found not in seen:
            seen.add(found)
            yield _described(path, name, occurrence, source, mutated), mutated


def _described(path: Path, operator: str, occurrence: int, source: str, mutated: str) -> Mutant:
    lines, changed = source.splitlines(), mutated.splitlines()
    at = next((i for i, pair in enumerate(zip(lines, changed, strict=False)) if pair[0] != pair[1]), len(lines) - 1)
    file = str(path.relative_to(ROOT / "src/signbit"))
    after = changed[at].strip() if at < len(changed) else ""
    return Mutant(file, operator, occurrence, at + 1, lines[at].strip(), after)


def sample(files: list[str], size: int) -> list[tuple[Mutant, str]]:
    """A sample stratified by file: each gives its share, by the largest remainders."""
    paths = [path for folder in SOURCES for path in sorted((ROOT / "src/signbit" / folder).rglob("*.py"))]
    paths = [path for path in paths if not files or any(str(path).endswith(file) for file in files)]
    strata = {path: positions(path.read_text(encoding="utf-8")) for path in paths}
    total = sum(map(len, strata.values()))
    shares = {path: size * len(places) / total for path, places in strata.items()}
    taken = {path: int(share) for path, share in shares.items()}
    for path in sorted(shares, key=lambda path: taken[path] - shares[path])[: size - sum(taken.values())]:
        taken[path] += 1
    drawn: list[tuple[Mutant, str]] = []
    for path, places in strata.items():
        shuffled = random.Random(f"{SEED} {path.name}").sample(places, len(places))  # no other file's change moves them
        drawn += itertools.islice(mutants_of(path, shuffled), taken[path])
    print(f"{len(drawn)} mutants of {len(strata)} files with {total} places that can be changed", flush=True)
    return drawn


# ---- the process that has torch loaded, and forks one for each mutant


def _go_into(clone: Path) -> None:
    """Import signbit from a clone, not from where it is installed."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if "Redirecting" not in type(finder).__name__]
    sys.path.insert(0, str(clone / "src"))
    os.chdir(clone)


def collect(clone: Path) -> None:
    """Write which tests run which line, into the clone."""
    import pytest

    _go_into(clone)
    folders = [clone / "src/signbit" / folder for folder in SOURCES]
    reached.collect(
        folders, lambda plugins: int(pytest.main([*OPTIONS, *TESTS], plugins=plugins)), clone / "reach.json"
    )


def serve(clone: Path) -> None:
    """Run mutants of a clone, one line of JSON each, until the input ends."""
    _go_into(clone)
    _warm_up()
    for line in sys.stdin:
        request = json.loads(line)
        target = clone / "src/signbit" / request["file"]
        kept = target.read_text(encoding="utf-8")
        target.write_text(request["source"], encoding="utf-8")
        try:
            print(json.dumps(_outcome(clone, request["tests"])), flush=True)
        finally:
            target.write_text(kept, encoding="utf-8")


def _warm_up() -> None:
    import hypothesis  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import torch

    import signbit.models
    from signbit.layers import BinaryConv2d

    assert "signbit.convert" not in sys.modules
    torch.set_num_threads(1)
    module = torch.nn.Sequential(BinaryConv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()).eval()
    example = torch.zeros(2, 3, 4, 4)
    torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim.AUTO},)).run_decompositions({})
    assert signbit.models.names()


def _outcome(clone: Path, tests: list[str] | None) -> dict[str, Any]:
    if tests == []:
        return {"outcome": "survived", "seconds": 0.0}
    started = time.time()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os._exit(_run_tests(clone, tests))
    while time.time() - started < TIMEOUT_SECONDS:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            assert code != NO_TESTS, f"pytest does not find {tests}"
            return {"outcome": "survived" if code == 0 else "killed", "seconds": round(time.time() - started, 1)}
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return {"outcome": "timeout", "seconds": TIMEOUT_SECONDS}


class _Chosen:
    """A plugin of pytest that runs the chosen tests alone, in their order."""

    def __init__(self, tests: list[str]) -> None:
        self._place = {name: place for place, name in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if item.nodeid in self._place]
        items.sort(key=lambda item: self._place[item.nodeid])


def _run_tests(clone: Path, tests: list[str] | None) -> int:
    import pytest

    log = os.open(clone / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if tests is None:
        return int(pytest.main(["-x", *OPTIONS, *TESTS]))
    files = {name.split("::")[0] for name in tests}
    return int(pytest.main(["-x", *OPTIONS, *files], plugins=[_Chosen(tests)]))


# ---- the whole


def make_clone(folder: Path) -> Path:
    """The sources and tests, and the compiled engine that is installed."""
    import signbit.engine._native as native

    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "Makefile"):
        shutil.copy(ROOT / name, folder)
    assert native.__file__ is not None
    shutil.copy(native.__file__, folder / "src/signbit/engine")
    return folder


def run(mutants: list[tuple[Mutant, str]], processes: int) -> Iterator[dict[str, Any]]:
    """Each mutant with its outcome, as they end."""
    if not mutants:
        return
    with tempfile.TemporaryDirectory() as folder:
        servers: Queue[subprocess.Popen[str]] = Queue()
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        clones = [make_clone(Path(folder) / str(number)) for number in range(processes)]
        for clone in clones:
            command = [sys.executable, "-W", "ignore", __file__, "--serve", str(clone)]
            servers.put(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            )

        def outcome(file: str, source: str, tests: list[str] | None) -> dict[str, Any]:
            server = servers.get()
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps({"file": file, "source": source, "tests": tests}) + "\n")
            server.stdin.flush()
            found: dict[str, Any] = json.loads(server.stdout.readline())
            servers.put(server)
            return found

        def one(pair: tuple[Mutant, str]) -> dict[str, Any]:
            mutant, source = pair
            path = clones[0] / "src/signbit" / mutant.file
            tests = reached.tests_of(reach, str(path), _source(mutant.file), mutant.line)
            found = asdict(mutant) | outcome(mutant.file, source, tests)
            where = f"{found['file']}:{found['line']}"
            print(f"{found['outcome']:9}{found['seconds']:7.1f} s  {where}  {found['after']}", flush=True)
            return found

        with ThreadPoolExecutor(processes) as pool:
            file = mutants[0][0].file
            unchanged = pool.submit(outcome, file, _source(file), None)
            reach = _reach(Path(folder), environment)
            if unchanged.result()["outcome"] != "survived":  # every mutant would count as killed
                raise SystemExit(f"the tests fail without any change: run pytest {' '.join(TESTS)}")
            for ended in as_completed([pool.submit(one, pair) for pair in mutants]):
                yield ended.result()
        while not servers.empty():
            servers.get().communicate()


def _source(file: str) -> str:
    return (ROOT / "src/signbit" / file).read_text(encoding="utf-8")


def _reach(folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Which tests run which line of the first clone, whose sources are mutated only later."""
    print("which tests run which line?", flush=True)
    command = [sys.executable, "-W", "ignore", __file__, "--collect", str(folder / "0")]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads((folder / "0" / "reach.json").read_text(encoding="utf-8"))
    print(f"{len(found['names'])} tests in {sum(found['seconds'].values()):.0f} s", flush=True)
    return found


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson interval of a share."""
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return middle - half, middle + half


def report(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    """The score: a mutant that `reasons.toml` calls equivalent counts neither way."""
    reasons = tomllib.loads((HERE / "reasons.toml").read_text(encoding="utf-8")).get("survivor", [])
    known = {(reason["file"], reason["before"], reason["after"]): reason for reason in reasons}
    survivors = []
    for found in (each for each in outcomes if each["outcome"] == "survived"):
        reason = known.get((found["file"], found["before"], found["after"]), {})
        survivors.append(found | {"equivalent": reason.get("equivalent", False), "reason": reason.get("reason", "")})
    equivalent = sum(survivor["equivalent"] for survivor in survivors)
    trials = len(outcomes) - equivalent
    killed = len(outcomes) - len(survivors)
    low, high = wilson(killed, trials)
    return {
        "seed": SEED,
        "sample": SAMPLE,
        "run": len(outcomes),
        "killed": killed,
        "timeouts": sum(found["outcome"] == "timeout" for found in outcomes),
        "equivalent": equivalent,
        "score": round(killed / trials, 4) if trials else 1.0,
        "wilson_95": [round(low, 4), round(high, 4)],
        "survivors": survivors,
        "mutants": outcomes,
    }


def write(outcomes: list[dict[str, Any]], path: Path) -> dict[str, Any]:
    """The report of what has been run, written whole or not at all."""
    found = report(sorted(outcomes, key=lambda each: (each["file"], each["line"], each["after"])))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
    return found


def main() -> None:
    """Draw, run, and write the score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--collect", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many mutants")
    parser.add_argument("--files", nargs="*", default=[], help="of these files alone, such as convert/fold.py")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--missing", action="store_true", help="only those that have no result yet")
    parser.add_argument("--output", type=Path, default=HERE / "converter-score.json")
    given = parser.parse_args()
    if given.serve or given.collect:
        serve(given.serve) if given.serve else collect(given.collect)
        return
    drawn, outcomes = sample(given.files, given.sample), list[dict[str, Any]]()
    if given.missing and given.output.exists():
        outcomes = json.loads(given.output.read_text(encoding="utf-8"))["mutants"]
        there = {key(each) for each in outcomes}
        drawn = [pair for pair in drawn if key(asdict(pair[0])) not in there]
        print(f"{len(drawn)} of them have no result yet", flush=True)
    random.Random(SEED).shuffle(drawn)  # a run that is cut off has a sample of all files
    for found in run(drawn, given.processes):
        outcomes.append(found)
        write(outcomes, given.output)
    total = write(outcomes, given.output)
    trials = total["run"] - total["equivalent"]
    print(f"killed {total['killed']} of {trials}: {total['score']:.1%}, {total['wilson_95']}")
    for survivor in total["survivors"]:
        if not survivor["equivalent"]:
            print(f"survived: {survivor['file']}:{survivor['line']}: {survivor['before']}  ->  {survivor['after']}")


def key(outcome: dict[str, Any]) -> tuple[str, ...]:
    """What tells a mutant from others."""
    return tuple(str(outcome[name]) for name in ("file", "operator", "line", "before", "after"))


if __name__ == "__main__":
    main()
