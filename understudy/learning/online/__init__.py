"""Online reinforcement learning of the Executor beside a live game."""
