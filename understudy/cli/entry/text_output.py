"""Text output that never raises UnicodeEncodeError, whatever code page a terminal or a file has.

On Windows redirected output is written in the code page of the system (cp1252, cp437, ...), which lacks the minus
sign, the ellipsis and much else; Python would raise UnicodeEncodeError in the middle of a run.
"""

import codecs
import io
import unicodedata

NEAREST_CHARACTER = "understudy-nearest"
"""Name of the registered codec error handler."""
REPLACEMENTS = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HYPHEN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{BULLET}": "*",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{PLUS-MINUS SIGN}": "+-",
}
"""Replacements that Unicode's compatibility decompositions do not provide."""


def take_any_character(*streams: object) -> None:
    """Makes streams write a character that their encoding lacks as its nearest ASCII replacement.

    Args:
        streams: `sys.stdout` and the like; anything else (None if there is no console) is ignored.
    """
    codecs.register_error(NEAREST_CHARACTER, _nearest)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=NEAREST_CHARACTER)


def _nearest(problem: UnicodeError) -> tuple[str, int]:
    """Codec error handler: returns the replacement text and the position at which to continue."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    return "".join(map(_in_ascii, problem.object[problem.start : problem.end])), problem.end


def _in_ascii(character: str) -> str:
    plain = REPLACEMENTS.get(character) or unicodedata.normalize("NFKD", character)
    return "".join(each for each in plain if each.isascii()) or "?"
