"""Settings of all tests: reproducible examples, one thread, and the folder of the published data sets."""

import os
import zlib
from pathlib import Path

import pytest

try:
    from hypothesis import settings
except ImportError:
    pass
else:
    # A deadline trips on torch's first call.
    settings.register_profile("signbit", deadline=None, derandomize=True, print_blob=True)
    settings.load_profile("signbit")

try:
    import torch
except ImportError:
    pass
else:
    # Threads that wait on each other: on a busy machine two take 50 times as long as one for nets this small.
    torch.set_num_threads(1)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed that is the same in every run and another for every test; printed, so a failure shows it."""
    number = zlib.crc32(request.node.nodeid.encode()) & 0xFFFF
    print(f"seed {number}")
    return number


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the published data sets; without it the test is skipped."""
    folder = os.environ.get("SIGNBIT_DATA")
    if not folder:
        pytest.skip("SIGNBIT_DATA is not set: the published CIFAR and MNIST files are not here")
    return Path(folder)
