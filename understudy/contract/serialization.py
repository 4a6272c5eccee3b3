"""Strict (de)serialization of dataclasses to plain JSON/TOML values: an unknown key is an error, so no setting is lost.

Supports the types of our configs and profiles: frozen dataclasses, tuples, lists, dicts with string keys, enums,
optional values and scalars. A dataclass with a static `upgrade_plain` converts the values of older files. Deliberately
no aliases, no coercion beyond int to float, no registry. Input is untrusted: text, depth and integers have limits, and
each mistake is one WireError with a short sentence.
"""

import dataclasses
import enum
import functools
import json
import reprlib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from understudy.contract.bounded_parse import MAX_DEPTH, parse_json, parse_toml_file
from understudy.contract.errors import WireError
from understudy.contract.terminal_text import printable

T = TypeVar("T")

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
"""Range of integers that numpy can hold; a seed may need all 64 bits."""


def to_plain(value: Any) -> Any:
    """Converts dataclasses to dicts, enums to their names, tuples to lists, paths to strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T] | types.GenericAlias, value: Any, where: str = "") -> T:
    """Builds a `kind` from plain values.

    Raises:
        WireError: naming the key, the value and what was expected.
    """
    return typing.cast(T, _read(kind, value, where or kind.__name__))


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        _expect_plain(value, where, 0, set())
        return value
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, value, where)
    if origin is tuple:
        return tuple(_read_items(arguments, value, where))
    if origin is list:
        return _read_items((arguments[0], ...), value, where)
    if origin is dict:
        _expect_table(value, where)
        return {key: _read(arguments[1], item, _inside(where, key)) for key, item in value.items()}
    if origin is typing.Literal:
        known = any(type(value) is type(choice) and value == choice for choice in arguments)
        _expect(known, where, value, f"one of {', '.join(map(str, arguments))}")
        return value
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(typing.cast(type, kind), value, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        known = isinstance(value, str) and value in kind.__members__
        _expect(known, where, value, f"one of {', '.join(kind.__members__)}")
        return kind[value]
    return _read_scalar(kind, value, where)


def _read_scalar(kind: Any, value: Any, where: str) -> Any:
    if isinstance(value, str):
        _expect(_is_text(value), where, value, "text without halves of characters")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(value, where)
    if kind is Path and isinstance(value, str):
        _expect("\0" not in value, where, value, "a path")
        return Path(value)
    exact = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    _expect(exact, where, value, getattr(kind, "__name__", str(kind)))
    if kind is int:
        _expect(MIN_INTEGER <= value <= MAX_INTEGER, where, value, "an integer of at most 64 bits")
    return value


def _as_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError as problem:
        raise WireError(f"{where}: {shown(value)} was given, which is more than a number can be") from problem


def _is_text(value: str) -> bool:
    """Returns whether text can be encoded: JSON can contain a single half of a surrogate pair."""
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _expect_plain(value: Any, where: str, depth: int, seen: set[int]) -> None:
    """Bounds the depth of untyped values, so that printing or copying them cannot overflow the stack."""
    _expect(depth < MAX_DEPTH, where, value, f"at most {MAX_DEPTH} levels of lists and tables")
    if isinstance(value, (dict, list, tuple)):
        if id(value) in seen:  # a pickle's lists can contain each other many times
            return
        seen.add(id(value))
        if isinstance(value, dict):
            _expect_table(value, where)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            _expect_plain(item, _inside(where, key), depth + 1, seen)
        return
    _expect(value is None or isinstance(value, (str, int, float)), where, value, "a plain value")
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        _read_scalar(str if isinstance(value, str) else int, value, where)


def _read_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    tables = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    if isinstance(value, dict) and len(tables) > 1:  # one sentence about the table that was meant, not one of each
        meant = max(tables, key=lambda kind: len(value.keys() & _hints_of(typing.cast(type, kind)).keys()))
        return _read(meant, value, where)
    problems = []
    for kind in kinds:
        if kind is not type(None):
            try:
                return _read(kind, value, where)
            except WireError as problem:
                problems.append(str(problem))
    raise WireError("; or ".join(problems) or f"{where}: nothing fits {shown(value)}")


def _read_items(kinds: tuple[Any, ...], value: Any, where: str) -> list[Any]:
    _expect(isinstance(value, (list, tuple)), where, value, "a list")
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(value)
    _expect(len(kinds) == len(value), where, value, f"{len(kinds)} items")
    return [_read(kind, item, _inside(where, i)) for i, (kind, item) in enumerate(zip(kinds, value, strict=True))]


def _read_dataclass(kind: type, value: Any, where: str) -> Any:
    _expect_table(value, where)
    upgrade = getattr(kind, "upgrade_plain", None)
    if upgrade is not None:  # older files have other keys
        value = upgrade(value)
    hints = _hints_of(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise WireError(f"{where}: unknown key {shown(unknown[0])}; known are {', '.join(fields)}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in value:
            raise WireError(f"{where}: key {name!r} is missing")
    try:
        return kind(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    except (ValueError, ArithmeticError) as problem:
        raise WireError(f"{where}: {problem}") from problem


@functools.cache
def _hints_of(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _expect(holds: bool, where: str, value: Any, expected: str) -> None:
    if not holds:
        raise WireError(f"{where}: {shown(value)} was given where {expected} was expected")


def _expect_table(value: Any, where: str) -> None:
    _expect(isinstance(value, dict), where, value, "a table")
    for key in value:
        _expect(isinstance(key, str) and _is_text(key), where, key, "a name")


def _inside(where: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{where}[{key}]"
    return f"{where}.{key}" if key.isidentifier() and len(key) < 80 else f"{where}.{shown(key)}"


MAX_SHOWN = 120
"""Limit of a value's characters in a message."""


class _Shortened(reprlib.Repr):
    """repr with a bounded length for any value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring, self.maxother, self.maxlevel = 80, 80, 3

    def repr_int(self, x: int, level: int) -> str:
        """Shortens large integers: Python refuses to print more than 4300 digits."""
        return repr(x) if x.bit_length() <= 128 else f"a number of {x.bit_length()} bits"


def shown(value: object) -> str:
    """Returns a value for a message: shortened and printable; never raises."""
    try:
        text = _Shortened().repr(value)
    except Exception:  # a foreign object's own repr may raise anything
        text = f"a {type(value).__name__}"
    return printable(text, MAX_SHOWN)


def to_json(value: Any) -> str:
    """Serialises a value to one line of JSON."""
    return json.dumps(to_plain(value), separators=(",", ":"), allow_nan=True)


def from_json(kind: type[T] | types.GenericAlias, text: object, where: str = "") -> T:
    """Reads one `kind` from JSON text.

    Raises:
        WireError: if the text is not JSON or does not fit.
    """
    where = where or kind.__name__
    return from_plain(kind, parse_json(text, where), where)


def read_toml(kind: type[T] | types.GenericAlias, path: Path) -> T:
    """Reads one `kind` from a TOML file.

    Raises:
        WireError: if the file is not TOML, too long, or does not fit.
    """
    return from_plain(kind, parse_toml_file(path), path.name)
