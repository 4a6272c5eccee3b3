"""Discovery of a game's objects, bars and panels from recorded play: the result and its files."""
