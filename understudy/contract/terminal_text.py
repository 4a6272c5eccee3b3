"""Safe terminal output: escapes control characters, so that no file's content can control the terminal.

An escape sequence in a file name, a checkpoint or a log line could move the cursor, hide lines or set the window's
title. All printed text goes through here: rich's consoles (cli/show/terminal.py) and the log's formatter.
"""

import logging

_KEPT = "\n\t"


def escape_controls(text: str, kept: str = _KEPT) -> str:
    """Returns text with all characters escaped that are neither visible nor in `kept`."""
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
        """Formats like logging.Formatter, without control characters."""
        return escape_controls(super().format(record))


def log_to_stderr(format_string: str, level: int = logging.WARNING) -> None:
    """Configures the root logger; replaces any previous configuration."""
    handler = logging.StreamHandler()
    handler.setFormatter(TerminalFormatter(format_string))
    logging.basicConfig(level=level, handlers=[handler], force=True)


MAX_CHARACTERS = 300


def printable(text: str, most: int = MAX_CHARACTERS) -> str:
    """Returns text on one line, invisible characters escaped, truncated to `most` characters.

    Escape sequences could move the cursor or set the window's title; a lone surrogate cannot be encoded.
    """
    cut = text if len(text) <= most else f"{text[:most]}..."
    return escape_controls(cut, kept="")


def brief(problem: BaseException) -> str:
    """Returns an exception's message for use inside a sentence, with its type if the message alone is unclear."""
    text = printable(str(problem))
    return text if text and isinstance(problem, ValueError) else f"{type(problem).__name__}: {text}".rstrip(": ")
