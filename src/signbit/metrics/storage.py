"""What the parameters of a model weigh, as float32 and with one bit where a weight is one bit."""

from dataclasses import dataclass

from torch import Tensor, nn

from signbit.metrics.operations import PRODUCTS, has_one_bit_weights


@dataclass(frozen=True)
class Storage:
    """Counts of values; running statistics are not counted, as is customary.

    Args:
        one_bit_weights: weights of convolutions and linear layers that are -1 or +1.
        other_weights: their other weights, biases not among them.
        other_parameters: everything else: biases, norms, scales.
    """

    one_bit_weights: int
    other_weights: int
    other_parameters: int

    @property
    def one_bit_share(self) -> float:
        """Share of the weights that are one bit, from 0 to 1."""
        return self.one_bit_weights / max(self.one_bit_weights + self.other_weights, 1)

    @property
    def float32_bytes(self) -> int:
        """4 bytes for each parameter."""
        return 4 * (self.one_bit_weights + self.other_weights + self.other_parameters)

    @property
    def one_bit_bytes(self) -> int:
        """One bit for each one-bit weight and 4 bytes for each other parameter, rounded up to whole bytes."""
        return -(-self.one_bit_weights // 8) + 4 * (self.other_weights + self.other_parameters)


def count_storage(model: nn.Module) -> Storage:
    """Count the parameters of a model; a shared one counts once."""
    weights = {True: 0, False: 0}
    seen: set[int] = set()
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if isinstance(module, PRODUCTS) and isinstance(weight, Tensor) and id(weight) not in seen:
            seen.add(id(weight))
            weights[has_one_bit_weights(module)] += weight.numel()
    everything = sum(parameter.numel() for parameter in model.parameters())
    return Storage(weights[True], weights[False], everything - weights[True] - weights[False])
