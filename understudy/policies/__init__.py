"""Strategist, Tactician, Executor, and the hand that carries gestures out."""
