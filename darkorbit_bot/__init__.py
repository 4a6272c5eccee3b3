"""The scripts named by the training guide."""
