"""Commands that work on the recorded pictures: perceive them again, pick some to label."""
