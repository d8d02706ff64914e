"""Not in the engine: rnn_tanh."""

from __future__ import annotations

from typing import ClassVar, final

from signbit.convert.lacking import Lacking


@final
class RnnTanh(Lacking):
    """Not supported by the engine; `instead` says what to do."""

    operator: ClassVar[str] = "aten::rnn_tanh"
    why: ClassVar[str] = "recurrent layers are not in the engine"
    instead: ClassVar[str] = "use convolutions"
