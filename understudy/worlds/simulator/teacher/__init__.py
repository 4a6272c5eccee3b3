"""The scripted teacher and what makes it more like a person."""
