"""What a verification found, and in words what it compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from signbit.verify.compare import OpResult


@dataclass
class Verification:
    """What was compared, and whether every rule held.

    Attributes:
        isa: the instruction set that ran.
        exact: whether everything in the network is a function of integers: then all must be equal.
        reconverted: whether the module was converted again for this; else the conversion was given.
        ops: one result an op.
        channels: of thresholds, lookups and outputs that were compared on every integer.
        integers: how many integers that were, over all channels.
        images: how many were run through the whole network, awkward ones included.
        awkward_images: how many of them were made to be awkward.
        network_flips: bits of floats that differed in the whole network, each closer to zero than its bound.
        equal_outputs: how many gave torch's own output.
        mismatched_predictions: how many gave another class.
        traced: how many of those come from counted flips or ties of floats.
        labels_compared, preprocessing_compared: whether those of the checkpoint were given.
        warnings: what the conversion said of the network.
        errors: the rules that were broken; empty is a pass.
    """

    isa: str
    exact: bool = False
    reconverted: bool = True
    ops: list[OpResult] = field(default_factory=list)
    channels: int = 0
    integers: int = 0
    images: int = 0
    awkward_images: int = 0
    network_flips: int = 0
    equal_outputs: int = 0
    mismatched_predictions: int = 0
    traced: int = 0
    labels_compared: bool = False
    preprocessing_compared: bool = False
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every rule held."""
        return not self.errors

    @property
    def flips(self) -> int:
        """Bits of floats that differed where ops were given torch's own inputs, each closer to zero than its bound."""
        return sum(op.flips for op in self.ops)

    @property
    def compared(self) -> list[str]:
        """In words: what was compared exhaustively, what on images, and what was not."""
        with_file = "what the module converts to now" if self.reconverted else "the conversion that was given"
        exhaustively = ["every op and constant of the file, with " + with_file]
        exhaustively += [words for words, done in self._of_the_checkpoint() if done]
        if self.channels:
            exhaustively.append(
                f"{self.channels:,} channels of thresholds, lookups and outputs, with torch on all {self.integers:,} "
                "integers that they can meet"
            )
        left = [words for words, done in self._of_the_checkpoint() if not done]
        left += ["names of tensors and ops", "metadata", f"instruction sets other than {self.isa}"]
        return [
            f"Exhaustively: {'; '.join(exhaustively)}.",
            f"On images: {self._on_images}.",
            f"Not: {'; '.join(left)}.",
        ]

    @property
    def _on_images(self) -> str:
        if not self.images:
            return "nothing"
        if self.exact:
            rule = "every value equal"
        else:
            rule = (
                "integers and the bits that come from them equal, floats within their bounds; of the bits that come "
                f"from floats {self.flips:,} differ op by op and {self.network_flips:,} in the whole network, each of "
                "a float closer to zero than its bound"
            )
        return (
            f"{self.images:,}, {self.awkward_images} of them made to be awkward: each op on torch's own inputs, the "
            f"module's output with the graph's, and the whole network; {rule}"
        )

    def _of_the_checkpoint(self) -> list[tuple[str, bool]]:
        return [
            ("class names and their order", self.labels_compared),
            ("the preprocessing of photos", self.preprocessing_compared),
        ]
