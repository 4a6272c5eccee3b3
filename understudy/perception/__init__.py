"""Turns RGB frames of the game's window into Observations: object detector, tracker, ego motion, HUD and minimap."""
