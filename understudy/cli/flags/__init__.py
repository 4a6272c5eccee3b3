"""Validation of a verb's flags before it runs: ranges of numbers, and writable outputs."""
