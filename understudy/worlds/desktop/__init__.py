"""The screen as a world."""
