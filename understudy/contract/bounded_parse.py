"""JSON and TOML text to plain values, within limits: whoever wrote the text may have meant to harm.

The standard library's readers stop at the depth of the stack, take any number of digits and any length; TOML's needs
cubic time for a key of many parts. `contract.serialization` turns the plain values into dataclasses.
"""

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any

from understudy.contract.errors import WireError

MAX_CHARACTERS = 16_000_000
"""Of a JSON text; the longest of ours, a correction, has about 25,000."""
MAX_TOML_BYTES = 100_000
"""Of a TOML file; the longest of ours has 8,000."""
MAX_DEPTH = 32
"""Of values inside each other."""
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}[\w"'-]""")
"""A dotted key of TOML with more parts than MAX_DEPTH."""


def parse_json(text: object, where: str = "", *, allow_nan: bool = True, max_characters: int = MAX_CHARACTERS) -> Any:
    """JSON text as plain values.

    Args:
        text: of one value; anything that is no text is refused.
        where: named first in the message.
        allow_nan: whether NaN and Infinity, which we write and JSON does not know, are read.
        max_characters: longer texts are refused unread.

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
    if math.isinf(number) and "inf" not in text:  # TOML spells infinity; 1e999 becomes it in silence
        raise ValueError("a number is larger than any can be")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def parse_toml_file(path: Path) -> dict[str, Any]:
    """A TOML file as plain values.

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
