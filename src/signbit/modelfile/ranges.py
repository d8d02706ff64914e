"""The smallest and the largest integer that a channel can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, eq=False)
class Range:
    """One range for each channel, or one for all channels.

    Attributes:
        least: smallest integers, int64 [C] or [1], inclusive.
        most: largest integers, int64 [C] or [1], inclusive.
    """

    least: NDArray[np.int64]
    most: NDArray[np.int64]

    @classmethod
    def unknown(cls) -> Range:
        """Any int32."""
        return cls(np.array([_INT32.min], np.int64), np.array([_INT32.max], np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Range], channels: Sequence[int]) -> Range:
        """Of channels side by side: each part has so many channels."""
        whole = [part.of(count) for part, count in zip(parts, channels, strict=True)]
        return cls(np.concatenate([part.least for part in whole]), np.concatenate([part.most for part in whole]))

    def repeated(self, times: int) -> Range:
        """Each channel so many times, one after the other; one pair for all stays that."""
        if self.least.size == 1:
            return self
        return Range(np.repeat(self.least, times), np.repeat(self.most, times))

    def of(self, channels: int) -> Range:
        """One pair for each channel."""
        return Range(np.broadcast_to(self.least, channels), np.broadcast_to(self.most, channels))
