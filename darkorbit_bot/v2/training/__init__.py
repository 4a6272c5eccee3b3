"""The guide's training scripts."""
