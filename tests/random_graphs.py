"""Random programs of plain torch around binary layers: aliases, in-place operators, casts and keyword arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from signbit.layers import BinaryConv2d, BinaryLinear, IntegerConv2d

SIDE = 4

Unary = Callable[[Tensor], Any]

# A new tensor of the same shape.
POINTWISE: dict[str, Unary] = {
    "relu": functional.relu,
    "hardtanh with limits": lambda v: functional.hardtanh(v, -2.0, 1.5),
    "clamp with one limit": lambda v: v.clamp(max=1.0),
    "leaky_relu with a slope": lambda v: functional.leaky_relu(v, 0.3),
    "add with alpha": lambda v: torch.add(v, 0.5, alpha=2),
    "sub with alpha": lambda v: torch.sub(v, v.clamp(min=0.0), alpha=-1.5),
    "rsub with alpha": lambda v: torch.rsub(v, 1.0, alpha=3),
    "div": lambda v: v / 3,
    "div that rounds": lambda v: torch.div(v, 2, rounding_mode="floor"),
    "abs": torch.abs,
    "round": torch.round,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "gelu with an approximation": lambda v: functional.gelu(v, approximate="tanh"),
    "hardswish": functional.hardswish,
    "square": lambda v: v**2,
    "where": lambda v: torch.where(v > 0, v, v * 0.5),
    "masked_fill": lambda v: v.masked_fill(v > 1, 1.0),
    "softplus with beta": lambda v: functional.softplus(v, beta=2.0),
    "threshold": lambda v: functional.threshold(v, 0.5, 0.1),
}
CASTS: dict[str, Unary] = {
    "through int": lambda v: v.int().float(),
    "through long": lambda v: v.long().float(),
    "through half": lambda v: v.half().float(),
    "through bfloat16": lambda v: v.bfloat16().float(),
    "through double": lambda v: v.double().float(),
    "through bool": lambda v: v.bool().float(),
    "to the type it has": lambda v: v.to(torch.float32),
}
# The same elements under another name: a later change in place reaches both.
ALIASES: dict[str, Unary] = {
    "detach": torch.detach,
    "contiguous": lambda v: v.contiguous(),
    "reshape to its own shape": lambda v: v.reshape(v.shape),
    "view by halves": lambda v: v.view(v.shape[0], 2, -1, *v.shape[2:]).flatten(1, 2),
    "dropout that is off": lambda v: functional.dropout(v, 0.5, training=False),
    "all of it": lambda v: v[:],
    "the first half": lambda v: v[:, : v.shape[1] // 2],
    "the second chunk": lambda v: v.chunk(2, 1)[1],
    "every second channel": lambda v: v[:, ::2],
    "channels in turn": lambda v: v.view(v.shape[0], 2, -1, *v.shape[2:]).transpose(1, 2).reshape(v.shape),
    "the other way round": lambda v: v.flip(1),
    "every second pixel": lambda v: v[:, :, ::2, ::2],
    "height and width swapped": lambda v: v.transpose(2, 3),
    "padded channels": lambda v: functional.pad(v, (0, 0, 0, 0, 2, 2)),
}
# Changes of the tensor itself.
IN_PLACE: dict[str, Unary] = {
    "relu_": lambda v: functional.relu(v, inplace=True),
    "hardtanh_": lambda v: functional.hardtanh(v, -1.5, 1.0, inplace=True),
    "mul_": lambda v: v.mul_(0.5),
    "add_": lambda v: v.add_(1.0, alpha=0.25),
    "neg_": lambda v: v.neg_(),
    "clamp_": lambda v: v.clamp_(min=-1.0),
    "the first channels set to 0": lambda v: v[:, :2].zero_(),
    "a channel set": lambda v: v[:, 1].fill_(1.5),
    "a slice scaled": lambda v: v[:, 1:3].mul_(-2.0),
    "a row set": lambda v: v[:, :, 0].zero_(),
    "the first half takes the second": lambda v: v[:, : v.shape[1] // 2].copy_(v[:, v.shape[1] // 2 :]),
}


class Leaky(nn.Module):
    """A block as users write it: the activation works in place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.norm, self.act = BinaryConv2d(channels, channels, 3, padding=1), norm_of(channels), nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(self.conv(x)))
        y += x
        return y


def norm_of(channels: int) -> nn.BatchNorm2d:
    """A batch norm that looks trained."""
    norm = nn.BatchNorm2d(channels)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.uniform_(-3, 3)
    norm.running_var.uniform_(0.5, 9)
    nn.init.uniform_(norm.weight, -1, 1)
    nn.init.uniform_(norm.bias, -1, 1)
    return norm


MODULES: dict[str, Callable[[int], nn.Module]] = {
    "binary 3x3": lambda c: BinaryConv2d(c, 8, 3, padding=1),
    "binary 1x1, scaled": lambda c: BinaryConv2d(c, 8, 1, weight_binarizer="mean_abs_sign"),
    "binary 3x3 and norm": lambda c: nn.Sequential(BinaryConv2d(c, 8, 3, padding=1), norm_of(8)),
    "block": Leaky,
    "norm": norm_of,
    "norm of the batch": lambda c: nn.BatchNorm2d(c, track_running_stats=False),
    "real 3x3": lambda c: nn.Conv2d(c, 8, 3, padding=1),
    "prelu": lambda c: nn.PReLU(c),
    "dropout": lambda c: nn.Dropout2d(0.3),
    "max pool with a ceiling": lambda c: nn.MaxPool2d(3, 2, ceil_mode=True),
}
JOINS: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "sum": lambda v, w: v + w,
    "sum in place": lambda v, w: v.add_(w),
    "product": lambda v, w: v * w,
    "cat": lambda v, w: torch.cat([v, w], 1),
    "copy": lambda v, w: v.copy_(w),
    "larger": torch.maximum,
}


@dataclass(frozen=True)
class Statement:
    """What runs, on which earlier values; a module is found by the statement's place."""

    kind: str
    name: str
    sources: tuple[int, ...]


def _run(statement: Statement, values: list[Tensor], module: nn.Module) -> Any:
    tensors = [values[source] for source in statement.sources]
    tables: dict[str, dict[str, Any]] = {
        "pointwise": POINTWISE, "cast": CASTS, "alias": ALIASES, "in place": IN_PLACE, "join": JOINS
    }  # fmt: skip
    if statement.kind == "module":
        return module(*tensors)
    return tables[statement.kind][statement.name](*tensors)


class RandomProgram(nn.Module):
    """Runs its statements in order; value 0 is the stem's."""

    def __init__(self, stem: nn.Module) -> None:
        super().__init__()
        self.stem, self.statements = stem, list[Statement]()
        self.parts, self.head = nn.ModuleList(), nn.Module()

    def values(self, images: Tensor) -> list[Tensor]:
        found = [self.stem(images)]
        for statement, part in zip(self.statements, self.parts, strict=True):
            found.append(_run(statement, found, part))
        return found

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.values(images)[-1])  # type: ignore[no-any-return]


def _draw_statement(draw: Any, values: list[Tensor]) -> tuple[Statement, nn.Module]:
    kind = draw(st.sampled_from(["pointwise", "cast", "alias", "alias", "in place", "module", "module", "join"]))
    source = draw(st.integers(0, len(values) - 1))
    channels = values[source].shape[1]
    if kind == "join":
        other = draw(st.integers(0, len(values) - 1))
        return Statement(kind, draw(st.sampled_from(sorted(JOINS))), (source, other)), nn.Identity()
    tables: dict[str, Any] = {"pointwise": POINTWISE, "cast": CASTS, "alias": ALIASES, "in place": IN_PLACE}
    if kind == "module":
        name = draw(st.sampled_from(sorted(MODULES)))
        return Statement(kind, name, (source,)), MODULES[name](channels).eval()
    return Statement(kind, draw(st.sampled_from(sorted(tables[kind]))), (source,)), nn.Identity()


def _add(program: RandomProgram, drawn: tuple[Statement, nn.Module], images: Tensor) -> None:
    """Keep a statement that torch itself can run."""
    program.statements.append(drawn[0])
    program.parts.append(drawn[1])
    try:
        last = program.values(images)[-1]
        fits = isinstance(last, Tensor) and last.dim() == 4 and last.shape[1] <= 64
    except (RuntimeError, IndexError):
        fits = False
    if not fits:
        program.statements.pop()
        program.parts = program.parts[:-1]


@st.composite
def programs(draw: Any) -> tuple[RandomProgram, Tensor]:
    """A program in eval mode and a batch of images for it."""
    torch.manual_seed(draw(st.integers(0, 2**31 - 1)))
    if draw(st.booleans()):
        stem: nn.Module = nn.Sequential(IntegerConv2d(3, 8, 3, padding=1), norm_of(8))
        images = torch.randint(0, 256, (3, 3, SIDE, SIDE), dtype=torch.uint8)
    else:
        stem, images = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norm_of(8)), torch.randn(3, 3, SIDE, SIDE)
    program = RandomProgram(stem).eval()
    with torch.no_grad():
        for _ in range(draw(st.integers(1, 7))):
            _add(program, _draw_statement(draw, program.values(images)), images)
        features = program.values(images)[-1][0].numel()
    linear = BinaryLinear(features, 3) if draw(st.booleans()) else nn.Linear(features, 3)
    program.head = draw(st.sampled_from([nn.Sequential(nn.Flatten(), linear), nn.Identity()]))
    return program.eval(), images
