"""The checks of `understudy doctor`: faults of recordings that harm training."""
