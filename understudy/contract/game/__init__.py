"""What a game declares about itself, and what earlier versions had in its place."""
