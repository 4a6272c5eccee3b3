"""Behaviour cloning: the task of each policy and the training of all three."""
