"""Environments (the World protocol): the embedded simulator and the desktop."""
