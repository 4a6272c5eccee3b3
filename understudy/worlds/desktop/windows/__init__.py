"""The platform's windows: finding the game's window and tracking its position and focus."""
