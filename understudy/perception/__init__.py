"""Frames become Observations."""
