"""Text as a terminal may show it: control characters are written out, so that no file can speak to the terminal.

An escape sequence in the name of a file, in a checkpoint or in a line of a log could move the cursor, hide lines or set
the window's title. Everything that the project prints goes through here: rich's consoles (cli/show/terminal.py) and the
formatter of the log.
"""

import logging

_KEPT = "\n\t"


def escape_controls(text: str, kept: str = _KEPT) -> str:
    """The text with everything but visible characters and those in `kept` shown by its code."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in kept
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


class TerminalFormatter(logging.Formatter):
    """Formats records for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """As logging.Formatter does, without control characters."""
        return escape_controls(super().format(record))


def log_to_stderr(format_string: str, level: int = logging.WARNING) -> None:
    """Sets up the root logger, whatever was set up before."""
    handler = logging.StreamHandler()
    handler.setFormatter(TerminalFormatter(format_string))
    logging.basicConfig(level=level, handlers=[handler], force=True)


MAX_CHARACTERS = 300


def printable(text: str, most: int = MAX_CHARACTERS) -> str:
    """The text on one line, with what is no visible character shown by its code, and cut after `most` characters.

    Escape sequences could move the cursor or set the window's title; an odd surrogate cannot be encoded at all.
    """
    cut = text if len(text) <= most else f"{text[:most]}..."
    return escape_controls(cut, kept="")


def brief(problem: BaseException) -> str:
    """What an exception says, for the inside of a sentence; with its kind where the text alone says too little."""
    text = printable(str(problem))
    return text if text and isinstance(problem, ValueError) else f"{type(problem).__name__}: {text}".rstrip(": ")
