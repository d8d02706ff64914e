"""Numbers about binary networks: flip ratio, operations, bytes."""

from signbit.extras import need

need("torch", __name__)

from signbit.metrics.costs import Costs, LayerCost, count_costs
from signbit.metrics.flip_ratio import FlipRatio, latent_signs

__all__ = ["Costs", "FlipRatio", "LayerCost", "count_costs", "latent_signs"]
