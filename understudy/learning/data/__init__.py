"""Recordings become labelled, encoded training data."""
