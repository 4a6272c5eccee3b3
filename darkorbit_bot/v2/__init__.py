"""The scripts named by the training guide, version 2."""
