"""Train, convert and run binary neural networks."""

__version__ = "0.1.0"
