"""The machine runs what it should: the instruction sets that the system reports, and the one that was asked for."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from signbit.engine import Model, isas, supported_isas

CPUINFO = Path("/proc/cpuinfo")
EVERY_OP = Path(__file__).parents[1] / "files/versions/v1_every_op.sbit"
AVX512 = {"avx512f", "avx512bw", "avx512vl", "avx512dq", "fma"}
# Best first, with the flags that /proc/cpuinfo must have.
NEEDS: dict[str, dict[str, set[str]]] = {
    "x86_64": {"avx512vpopcntdq": {*AVX512, "avx512_vpopcntdq"}, "avx512": AVX512, "avx2": {"avx2", "fma"}},
    "aarch64": {"neon": {"asimd"}},
}


def reported_flags() -> set[str]:
    """What the operating system says that the processor has."""
    for line in CPUINFO.read_text().splitlines():
        name, _, words = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return set(words.split())
    return set()


@pytest.mark.skipif(not CPUINFO.exists(), reason="this system has no /proc/cpuinfo to compare with")
def test_supported_is_what_the_system_reports() -> None:
    needs = NEEDS.get(platform.machine(), {})
    flags = reported_flags()
    assert supported_isas() == [*(isa for isa, flag in needs.items() if flag <= flags), "scalar"]
    assert isas() == [*needs, "scalar"]


@pytest.mark.parametrize("isa", supported_isas())
def test_a_session_has_the_instruction_set_that_was_asked_for(isa: str) -> None:
    assert Model.load(EVERY_OP).session(isa=isa).isa == isa


def in_a_process_with(isa: str) -> subprocess.CompletedProcess[str]:
    code = f"from signbit.engine import Model; print(Model.load({str(EVERY_OP)!r}).session().isa)"
    environment = {**os.environ, "SIGNBIT_ISA": isa}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [*supported_isas(), ""])
def test_the_environment_names_an_instruction_set(name: str) -> None:
    result = in_a_process_with(name)
    assert (result.returncode, result.stdout.strip()) == (0, name or supported_isas()[0])


@pytest.mark.parametrize("name", ["mmx", "AVX2", "avx512 ", "neon" if platform.machine() == "x86_64" else "avx2"])
def test_an_unknown_or_unsupported_name_is_an_error_that_lists_the_others(name: str) -> None:
    result = in_a_process_with(name)
    assert result.returncode != 0
    listed = ", ".join(supported_isas())
    assert f'IsaError: SIGNBIT_ISA is "{name}"; this processor can run: {listed}' in result.stderr
