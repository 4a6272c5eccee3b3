"""The embedded game in a pygame window, in real time, for a person and a policy."""
