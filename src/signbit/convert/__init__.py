"""From a trained PyTorch module to a model file."""
