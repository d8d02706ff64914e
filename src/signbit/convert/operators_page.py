"""Generate the documentation page on what converts from the files of `lower/`.

python -m signbit.convert.operators_page > docs/what-converts.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from signbit.convert import lower
from signbit.convert.lacking import Lacking
from signbit.convert.pointwise import Pointwise
from signbit.convert.rearrangement import Rearrangement
from signbit.convert.rule import Rule

_INTRODUCTION = """\
# What converts

`convert` takes any module whose forward consists of the operators below. It either converts the network or raises a
`ConvertError` that names the module and says what to do; nothing silently falls back to PyTorch. This page is generated
from the files of `src/signbit/convert/lower/`, one for each operator, by
`python -m signbit.convert.operators_page > docs/what-converts.md`.

Every tensor that depends on the image is one of three kinds, which decides what an operator becomes:

- **signs**: the bits that a binarizer gives;
- **functions of integers**: everything computed from the integer accumulators of a binary product or an integer stem,
  up to the next sign. PyTorch itself evaluates it on every integer that the product can give; the signs become
  thresholds for each channel and equal PyTorch's exactly. If a sign is ambiguous for some integer, because PyTorch's
  vectorized and scalar code differ in the last bit there, the network is refused;
- **real values**: float32, computed by the engine's steps: shortcuts, real-valued layers, normalised images. Two
  libraries do not round a sum or a sigmoid in the same way, so the engine's results are within a bound that
  `signbit verify` computes and checks.

An argument that is not listed must have its default value; otherwise the error names it. In eval mode, the result for
an image must not depend on the other images of the batch, on random numbers or on earlier calls. In-place operators,
views, and in-place changes through views are supported. `DataParallel`, `torch.compile`, `AveragedModel` and Fabric's
wrapper are removed. If a module is not in float32, call `.float()` on it first.
"""

_ELEMENTS = """\
## Pointwise operators

Between a binary product and the next sign, all of them convert exactly, with any arguments that PyTorch accepts.
Constants must have one number for each channel, or one for all channels. On real values, the engine supports these:
"""

_MOVES = """\
## Operators that rearrange elements

The converter runs them on the indices of the elements, so intermediate layouts do not matter. What a layer receives
must be a whole image, flattened or not; every n-th pixel of it, starting at the first; a single pixel; or a selection
of its channels, in any order, possibly repeated or joined with other channels. Axis 0 is the batch axis and must stay
in place. These operators are exact on signs, integers, real values and bytes.
"""

_ADDING = """\
## An operator that is not listed

Aliases and compositions of other operators (`torch.multiply`, `torch.hstack`) are decomposed first. For any other
operator, [Adding a method](adding-a-method.md#an-operator-that-converts) explains how to add a file.
"""


def page() -> str:
    """The page as Markdown."""
    rules = [lower.rule_in(name) for name in lower.names()]
    pointwise = [rule for rule in rules if isinstance(rule, Pointwise)]
    alone = [rule for rule in pointwise if not rule.has_step]
    moves = [rule for rule in rules if isinstance(rule, Rearrangement)]
    lacking = [rule for rule in rules if isinstance(rule, Lacking)]
    others = [rule for rule in rules if not isinstance(rule, (Pointwise, Rearrangement, Lacking))]
    parts = [
        _INTRODUCTION,
        "## Products, pools and signs\n",
        _table(("operator", "becomes", "exact", "arguments"), map(_product_row, others)),
        _ELEMENTS,
        _table(("operator", "computes", "exact", "arguments"), map(_step_row, (r for r in pointwise if r.has_step))),
        "On real values, the engine does not support these:\n",
        _table(("operator", "use instead"), ((_name(rule), rule.instead) for rule in alone if rule.instead)),
        "Nor does it support these, which have no replacement: " + _names(alone),
        _MOVES,
        _table(("operator", "does", "arguments"), map(_move_row, moves)),
        "## Operators that are not supported\n",
        _table(("operator", "why", "what to do"), map(_lacking_row, lacking)),
        _ADDING,
    ]
    return "\n".join(parts)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _name(rule: Rule) -> str:
    return f"`{rule.operator.removeprefix('aten::')}`"


def _summary(rule: Rule) -> str:
    return (type(rule).__doc__ or "").strip().splitlines()[0].rstrip(".")


def _given(arguments: Mapping[str, str]) -> str:
    return "; ".join(f"`{name}`: {words}" for name, words in arguments.items())


def _product_row(rule: Rule) -> tuple[str, ...]:
    return _name(rule), rule.words, _exact(rule), _given(rule.arguments)


def _step_row(rule: Pointwise) -> tuple[str, ...]:
    return _name(rule), _summary(rule), _exact(rule), ", ".join(_step_arguments(rule))


def _step_arguments(rule: Pointwise) -> Iterator[str]:
    yield from (f"`{name}`" for name in rule.operands)
    yield from (f"`{name}`: {words}" for name, words in rule.step_arguments.items())


def _names(rules: Iterable[Pointwise]) -> str:
    return ", ".join(_name(rule) for rule in rules if not rule.instead) + ".\n"


def _move_row(rule: Rule) -> tuple[str, ...]:
    module = sys.modules[type(rule).__module__]
    return _name(rule), (module.__doc__ or "").strip().rstrip("."), _given(rule.arguments)


def _lacking_row(rule: Lacking) -> tuple[str, ...]:
    return _name(rule), rule.why, rule.instead


def _exact(rule: Rule) -> str:
    return "yes" if rule.exact else "within a bound"


if __name__ == "__main__":
    sys.stdout.write(page())
