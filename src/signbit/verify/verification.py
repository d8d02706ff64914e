"""The result of a verification, and a summary of what it compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from signbit.verify.compare import OpResult


@dataclass
class Verification:
    """What was compared, and whether every rule held.

    Attributes:
        isa: the instruction set that ran.
        exact: whether everything in the network is a function of integers, so that every value must be equal.
        reconverted: whether `verify` converted the module again; False if a conversion was given.
        ops: one result for each op.
        channels: number of channels of thresholds, lookup tables and outputs compared on every integer.
        integers: number of integers compared, summed over those channels.
        images: number of images run through the whole network, including adversarial ones.
        awkward_images: number of adversarial images among them.
        network_flips: number of bits that differed in the whole network, each from a float closer to zero than its
            bound.
        equal_outputs: number of images whose output equals torch's, bit for bit.
        mismatched_predictions: number of images whose predicted class differs from torch's.
        traced: number of mismatched predictions explained by counted flips or ties of floats.
        labels_compared: whether class names were given and compared.
        preprocessing_compared: whether preprocessing was given and compared.
        warnings: warnings of the conversion.
        errors: the rules that were broken; empty if the verification passed.
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
        """Number of bits that differed op by op, each from a float closer to zero than its bound."""
        return sum(op.flips for op in self.ops)

    @property
    def compared(self) -> list[str]:
        """Sentences saying what was compared exhaustively, what on images, and what was not compared."""
        with_file = "a new conversion of the module" if self.reconverted else "the given conversion"
        exhaustively = ["every op and constant of the file, against " + with_file]
        exhaustively += [words for words, done in self._of_the_checkpoint() if done]
        if self.channels:
            exhaustively.append(
                f"{self.channels:,} channels of thresholds, lookup tables and outputs, against torch on all "
                f"{self.integers:,} integers that can reach them"
            )
        left = [words for words, done in self._of_the_checkpoint() if not done]
        left += ["names of tensors and ops", "metadata", f"instruction sets other than {self.isa}"]
        return [
            f"Exhaustively: {'; '.join(exhaustively)}.",
            f"On images: {self._on_images}.",
            f"Not compared: {'; '.join(left)}.",
        ]

    @property
    def _on_images(self) -> str:
        if not self.images:
            return "nothing"
        if self.exact:
            rule = "every value must be equal"
        else:
            rule = (
                "integers, and bits that come from integers, must be equal, and floats within their bounds; of the "
                f"bits that come from floats, {self.flips:,} differ op by op and {self.network_flips:,} in the whole "
                "network, each from a float closer to zero than its bound"
            )
        return (
            f"{self.images:,}, {self.awkward_images} of them adversarial: each op on torch's own inputs, the captured "
            f"graph against the module, and the whole network; {rule}"
        )

    def _of_the_checkpoint(self) -> list[tuple[str, bool]]:
        return [
            ("class names and their order", self.labels_compared),
            ("preprocessing", self.preprocessing_compared),
        ]
