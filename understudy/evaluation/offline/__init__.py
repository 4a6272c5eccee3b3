"""Offline metrics on held-out recordings, each beside its trivial baseline."""
