"""The guide's recorder."""
