"""Validation of third-party detector files, with a test in a separate process before they are used."""
