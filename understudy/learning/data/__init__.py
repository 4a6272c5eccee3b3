"""Datasets: converts recordings to labelled, encoded training data."""
