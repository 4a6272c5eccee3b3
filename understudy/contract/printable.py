"""Text from a file, made fit for a terminal: one line, no escape sequences, no flood."""

MAX_CHARACTERS = 300


def printable(text: str, most: int = MAX_CHARACTERS) -> str:
    """The text on one line, with what is no visible character shown by its code, and cut after `most` characters.

    Escape sequences could move the cursor or set the window's title; an odd surrogate cannot be encoded at all.
    """
    cut = text if len(text) <= most else f"{text[:most]}..."
    if cut.isprintable():
        return cut
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in cut
    )


def brief(problem: BaseException) -> str:
    """What an exception says, for the inside of a sentence; with its kind where the text alone says too little."""
    text = printable(str(problem))
    return text if text and isinstance(problem, ValueError) else f"{type(problem).__name__}: {text}".rstrip(": ")
