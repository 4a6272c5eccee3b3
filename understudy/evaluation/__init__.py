"""How well does it play, and how sure are we."""
