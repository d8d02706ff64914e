"""BinaryNet (inflation 1, CIFAR shape), one image: the engine against torch float32 of the real-valued twin.

The baseline is torch, eager, float32, one thread, the faster of its two memory layouts. The network has the weights of
its initialisation and running statistics from random images, so the thresholds are spread as in a trained one; how long
it takes does not depend on their values.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import signbit
from signbit import models
from signbit.convert import convert
from signbit.engine import Model
from signbit.timing import interleave, machine


def main() -> None:
    """Print the timings as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--norm", choices=["batch", "abn"], default="abn")
    parser.add_argument("--stem", choices=["integer", "real"], default="integer")
    parser.add_argument("--isa", default=None)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    shape = {"width": options.width, "norm": options.norm}
    network = models.create("binarynet", stem=options.stem, head="binary", **shape).train()
    for _ in range(3):
        network(torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8))
    network.eval()
    twin = models.create("binarynet", binary=False, **(shape | {"norm": "batch"})).eval()
    last = models.create("binarynet", binary=False, **(shape | {"norm": "batch"})).eval()
    last.to(memory_format=torch.channels_last)
    image = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "binarynet.sbit"
        size = convert(network, image).save(path)
        model = Model.load(path)
    pixels = image.permute(0, 2, 3, 1).contiguous().numpy()
    one, two = model.session(threads=1, isa=options.isa), model.session(threads=2, isa=options.isa)

    def with_torch(module: torch.nn.Module, inputs: torch.Tensor) -> Any:
        with torch.inference_mode():
            return module(inputs)

    contenders = {
        "torch_float32": lambda: with_torch(twin, image),
        "torch_float32_channels_last": lambda: with_torch(last, image.to(memory_format=torch.channels_last)),
        "torch_simulated": lambda: with_torch(network, image),
        "engine_1_thread": lambda: one.run(pixels),
        "engine_2_threads": lambda: two.run(pixels),
    }
    timings = interleave(contenders, rounds=options.rounds, block_seconds=0.05)
    baseline = min(timings["torch_float32"].median, timings["torch_float32_channels_last"].median)
    result = {
        "network": {"name": "binarynet", "inflation": 1, "stem": options.stem, **shape},
        "isa": one.isa,
        "model_file_bytes": size,
        "latency_us": {name: asdict(timing) for name, timing in timings.items()},
        "times_faster_than_torch_float32": {name: baseline / timing.median for name, timing in timings.items()},
        "machine": machine() | {"torch": str(torch.__version__), "torch_threads": 1, "signbit": signbit.__version__},
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
