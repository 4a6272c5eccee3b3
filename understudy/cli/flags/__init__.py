"""Checks a verb's flags before anything is run: numbers within their ranges, outputs that can be written."""
