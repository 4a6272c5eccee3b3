"""Reinforcement learning in many embedded games at once, behind the gate."""
