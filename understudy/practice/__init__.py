"""Reinforcement learning (PPO) in many simulated worlds; the simulator gate decides on each candidate."""
