"""Draws the embedded game."""
