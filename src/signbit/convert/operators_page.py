"""The documentation's page on what converts, made from the files of `lower/`.

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

`convert` takes any module whose forward is made of the operators below. A network is converted exactly, or refused
with a `ConvertError` that names the module and says what to do; nothing falls back to torch. This page is made from
the files of `src/signbit/convert/lower/`, one for each operator, by
`python -m signbit.convert.operators_page > docs/what-converts.md`.

Every tensor that depends on the image is one of three kinds, and what an operator becomes depends on which:

- **signs**, of a binarizer: bits;
- **functions of integers**: what stands between a binary product, or an integer stem, and the next sign. Torch itself
  computes them, on every integer that the product can give; the signs become thresholds for each channel and are equal
  to torch's. Where torch gives two signs for one integer, because its code for vectors and its code for single elements
  differ in the last digit, the network is refused;
- **real values**: float32, computed by the engine's steps: shortcuts, real-valued layers, normalised images. Two
  libraries do not round a sum or a sigmoid alike; the engine's results are within a bound that `signbit verify`
  computes and checks.

An argument that is not listed must have its default; where it does not, the message names it. In eval mode nothing may
depend on the other images of the batch or on random numbers, and nothing may be kept from one call to the next.
Operators in place, views, and in-place changes through views are understood. `DataParallel`, `torch.compile`,
`AveragedModel` and Fabric's wrapper are taken off. A module in another type than float32 needs `.float()` first.
"""

_ELEMENTS = """\
## Operators on each element

Between a product and a sign every one of them converts, exactly, with whatever arguments torch takes. A constant holds
one number for each channel, or one for all. Of real values the engine has steps for these:
"""

_MOVES = """\
## Operators that move elements

They are followed by running them on the numbers of the elements, so it does not matter how an image is turned on its
way. Where a layer needs the elements, they must be a whole image, flattened or not, every n-th pixel of it from the
first one on, a single pixel, or some of its channels in any order, also several times and joined with others. Axis 0 is
for the images and stays where it is. Exact for signs, integers, real values and bytes.
"""

_ADDING = """\
## An operator that is not listed

One whose result torch makes of others (`torch.hstack`, `torch.multiply`) is taken apart. For any other,
[Adding a method](adding-a-method.md#an-operator-that-converts) says how to add a file.
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
        "These have no steps; in a stream of real values they are refused:\n",
        _table(("operator", "use instead"), ((_name(rule), rule.instead) for rule in alone if rule.instead)),
        "So are these, for which there is nothing to use instead: " + _names(alone),
        _MOVES,
        _table(("operator", "does", "arguments"), map(_move_row, moves)),
        "## Operators that the engine lacks\n",
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
