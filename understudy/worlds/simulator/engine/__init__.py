"""The rules of the embedded game, compiled."""
