"""Rendering of the embedded game with pygame."""
