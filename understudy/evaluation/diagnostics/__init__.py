"""The doctor: checks of recordings before training."""
