"""Bounded parsers for untrusted JSON and TOML text, to plain values.

The standard library's parsers recurse to the stack's limit and accept any length and number of digits; tomllib needs
cubic time for a key of many parts. `contract.serialization` converts the plain values to dataclasses.
"""

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any

from understudy.contract.errors import WireError

MAX_CHARACTERS = 16_000_000
"""Limit of a JSON text; our longest, a correction, has about 25,000."""
MAX_TOML_BYTES = 100_000
"""Limit of a TOML file; our longest has 8,000."""
MAX_DEPTH = 32
"""Limit of nesting."""
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}[\w"'-]""")
"""Matches a dotted TOML key with more parts than MAX_DEPTH."""


def parse_json(text: object, where: str = "", *, allow_nan: bool = True, max_characters: int = MAX_CHARACTERS) -> Any:
    """Parses JSON text to plain values.

    Args:
        text: of one value; anything but a str is refused.
        where: source of the text, first in the error message.
        allow_nan: whether to accept NaN and Infinity, which are not JSON but which we write.
        max_characters: a longer text is refused without parsing.

    Raises:
        WireError: if it is too long, not JSON, too deep, has a key twice or a number that no float can hold.
    """
    where = f"{where}: " if where else ""
    if not isinstance(text, str):
        raise WireError(f"{where}not JSON (a {type(text).__name__} instead of text)")
    if len(text) > max_characters:
        raise WireError(f"{where}{len(text)} characters, at most {max_characters} are read")
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_float=_finite,
            parse_constant=float if allow_nan else _no_constant,
        )
    except RecursionError as problem:
        raise WireError(f"{where}not JSON (values too deep inside each other)") from problem
    except ValueError as problem:
        raise WireError(f"{where}not JSON ({str(problem)[:120]})") from problem


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number) and "inf" not in text:  # TOML has a literal for infinity; 1e999 overflows to it silently
        raise ValueError("a number is larger than any can be")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def parse_toml_file(path: Path) -> dict[str, Any]:
    """Parses a TOML file to plain values.

    Raises:
        WireError: if it cannot be read, is not TOML, too long, too deep or has a number that no float can hold.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TOML_BYTES + 1)
        if len(content) > MAX_TOML_BYTES:
            raise WireError(f"{path}: cannot be read (more than {MAX_TOML_BYTES} bytes, which no settings need)")
        text = content.decode("utf-8")
        if _LONG_KEY.search(text):
            raise WireError(f"{path}: cannot be read (a key of more than {MAX_DEPTH} parts)")
        return tomllib.loads(text, parse_float=_finite)
    except RecursionError as problem:
        raise WireError(f"{path}: cannot be read (values too deep inside each other)") from problem
    except (OSError, ValueError) as problem:
        raise WireError(f"{path}: cannot be read ({str(problem)[:200]})") from problem
