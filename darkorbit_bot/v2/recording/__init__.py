"""The guide's recorder script."""
