"""Corrections by a reviewer become training samples, and fine-tune the Strategist and the Executor."""
