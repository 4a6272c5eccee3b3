"""The embedded DarkOrbit-like game."""
