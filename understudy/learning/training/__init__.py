"""The one training loop and its parts: optimiser, checkpoints, metrics, random state."""
