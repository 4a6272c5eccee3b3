"""Verbs that play or watch a live game."""
