"""Two processes of gloo: gradients of every network under DDP, against the mean of what each process gets alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from every_network import build, gradients, pixels
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

PROCESSES = 2


def main(folder: Path, names: list[str]) -> None:
    """Start the processes, and fail where one of them does."""
    torch.multiprocessing.spawn(compare, (folder, names), PROCESSES)


def compare(rank: int, folder: Path, names: list[str]) -> None:
    """Write what was found of each network."""
    torch.set_num_threads(1)
    store = distributed.FileStore(str(folder / "store"), PROCESSES)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=PROCESSES)
    (folder / f"rank{rank}").write_text("\n".join(line for name in names for line in faults(name, rank)))
    distributed.barrier()
    distributed.destroy_process_group()
    # Gloo's threads may still hold tensors of the last reduction, and freeing one while the interpreter goes down
    # aborts the process (https://github.com/pytorch/pytorch/pull/179291): it ends without that.
    os._exit(0)


def faults(name: str, rank: int) -> list[str]:
    """What is wrong with the gradients of one network."""
    images = pixels(4, seed=rank)
    alone = gradients(build(name), images)
    for grad in alone.values():
        distributed.all_reduce(grad)
    together = gradients(DistributedDataParallel(build(name)), images)
    found = []
    for parameter, grad in together.items():
        first = grad.clone()
        distributed.broadcast(first, 0)
        if not torch.equal(first, grad):
            found.append(f"{name}: {parameter} differs between the ranks")
        if not torch.allclose(grad, alone[parameter.removeprefix("module.")] / PROCESSES, rtol=1e-4, atol=1e-6):
            found.append(f"{name}: {parameter} is not the mean of both ranks")
    return found or [f"{name}: ok, {len(together)} gradients"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
