"""The embedded game in a window, played by a person in real time."""
