"""Numbers about binary networks: flip ratio, operations, storage."""

from signbit.extras import need

need("torch", __name__)

from signbit.metrics.flip_ratio import FlipRatio, latent_signs
from signbit.metrics.operations import Operations, count_operations
from signbit.metrics.storage import Storage, count_storage

__all__ = ["FlipRatio", "Operations", "Storage", "count_operations", "count_storage", "latent_signs"]
