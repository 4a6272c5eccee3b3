"""A learner in a process of its own, fed by the game without waiting."""
