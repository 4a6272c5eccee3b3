"""Shadow learning: imitates a person while they play."""
