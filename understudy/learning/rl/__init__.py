"""Reinforcement learning: rewards, GAE, value function, PPO."""
