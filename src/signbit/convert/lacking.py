"""Operators that the engine does not support: their files say what to use instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from signbit.convert.rule import Call, Refused, Result, Rule

if TYPE_CHECKING:
    from signbit.convert.lowering import Lowering


class Lacking(Rule):
    """An operator that is refused.

    Attributes:
        why: why it is not supported.
        instead: what to do.
    """

    arguments: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[str] = "refused"
    why: ClassVar[str]
    instead: ClassVar[str]

    @property
    def message(self) -> str:
        """What is said of it."""
        return f"the engine has no op for {self.operator}: {self.why}; {self.instead}"

    def lower(self, call: Call, lowering: Lowering) -> Result:
        raise Refused(self.message)
