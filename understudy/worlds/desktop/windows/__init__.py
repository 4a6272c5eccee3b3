"""The platform's windows: finding the game and keeping track of it."""
