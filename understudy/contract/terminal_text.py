"""Text as a terminal may show it: control characters are written out, so that no file can speak to the terminal.

An escape sequence in the name of a file, in a checkpoint or in a line of a log could move the cursor, hide lines or set
the window's title. Everything that the project prints goes through here: rich's consoles (cli/show/terminal.py) and the
formatter of the log.
"""

import logging

_KEPT = "\n\t"


def escape_controls(text: str) -> str:
    """The text with everything but visible characters, line ends and tabs shown by its code."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in _KEPT
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
