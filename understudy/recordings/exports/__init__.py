"""Export of episodes for other programs, and import from them."""
