"""Dataclasses to plain JSON/TOML values and back, strictly: an unknown key is an error, so that no setting is lost.

Covers what our configs and profiles are made of: frozen dataclasses, tuples, lists, dicts with string keys, enums,
optional values and scalars. Deliberately no aliases, no coercion beyond int to float, no registry. The text may come
from anyone: whatever is wrong with it, down to its size and depth, is a WireError with its place.
"""

import dataclasses
import enum
import json
import reprlib
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from understudy.contract.errors import WireError

T = TypeVar("T")

MAX_TEXT = 64 * 2**20
"""Characters of JSON that are read; a recording's description is ten thousand."""
MAX_TOML_BYTES = 128 * 2**10
"""Bytes of a TOML file that are read: tomllib takes up to 2 kB for each. The largest profile has ten thousand."""
MAX_TOML_DOTS = 500
"""Full stops in one line of TOML: tomllib's time and memory grow with the square of the length of a dotted key."""
MAX_DEPTH = 32
"""Lists and tables inside one another where a field takes any value."""
MIN_INT, MAX_INT = -(2**63), 2**64 - 1
"""What every reader after this one can store."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxtuple, _SHORT.maxdict = 2, 4, 4, 4


def to_plain(value: Any) -> Any:
    """Dataclasses become dicts, enums their names, tuples lists, paths strings."""
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
    """Builds a `kind` out of plain values.

    Raises:
        WireError: naming the place, what was found and what was expected.
    """
    return typing.cast(T, _read(kind, value, where or kind.__name__))


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return _read_any(value, where, MAX_DEPTH)
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, value, where)
    if origin is tuple:
        return tuple(_read_items(arguments, value, where))
    if origin is list:
        return _read_items((arguments[0], ...), value, where)
    if origin is dict:
        _expect_table(value, where)
        return {key: _read(arguments[1], item, f"{where}.{_short_key(key)}") for key, item in value.items()}
    if origin is typing.Literal:
        same = any(type(value) is type(one) and value == one for one in arguments)
        _expect(same, where, value, f"one of {', '.join(map(str, arguments))}")
        return value
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(typing.cast(type, kind), value, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        known = isinstance(value, str) and value in kind.__members__
        _expect(known, where, value, f"one of {', '.join(kind.__members__)}")
        return kind[value]
    return _read_scalar(kind, value, where)


def _read_any(value: Any, where: str, depth: int) -> Any:
    """Plain values as they are, tuples as lists."""
    _expect(depth > 0, where, value, f"at most {MAX_DEPTH} levels of lists and tables")
    if isinstance(value, dict):
        _expect_table(value, where)
        return {key: _read_any(item, f"{where}.{_short_key(key)}", depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_read_any(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        _expect_storable(value, where)
    _expect(value is None or isinstance(value, (bool, int, float, str)), where, value, "a plain value")
    return value


def _read_scalar(kind: Any, value: Any, where: str) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        _expect_storable(value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    exact = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    _expect(exact, where, value, getattr(kind, "__name__", str(kind)))
    return value


def _read_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    problems = []
    for kind in kinds:
        if kind is not type(None):
            try:
                return _read(kind, value, where)
            except WireError as problem:
                problems.append(str(problem))
    raise WireError("; or ".join(problems) or f"{where}: nothing fits {_short(value)}")


def _read_items(kinds: tuple[Any, ...], value: Any, where: str) -> list[Any]:
    _expect(isinstance(value, (list, tuple)), where, value, "a list")
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(value)
    _expect(len(kinds) == len(value), where, value, f"{len(kinds)} items")
    return [_read(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True))]


def _read_dataclass(kind: type, value: Any, where: str) -> Any:
    _expect_table(value, where)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise WireError(f"{where}: unknown key {_short(unknown[0])}; known are {', '.join(fields)}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in value:
            raise WireError(f"{where}: key {name!r} is missing")
    try:
        return kind(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    except ValueError as problem:
        raise WireError(f"{where}: {problem}") from problem


def _expect(holds: bool, where: str, value: Any, expected: str) -> None:
    if not holds:
        raise WireError(f"{where}: {_short(value)} was given where {expected} was expected")


def _expect_table(value: Any, where: str) -> None:
    _expect(isinstance(value, dict), where, value, "a table")
    for key in value:
        _expect(isinstance(key, str), where, key, "a name")


def _expect_storable(value: int, where: str) -> None:
    if not MIN_INT <= value <= MAX_INT:  # not shown: Python writes out no number of more than 4300 digits
        raise WireError(f"{where}: a number of {value.bit_length()} bits was given where 64 are the most")


def _short(value: Any) -> str:
    """A value for a message: a few dozen characters of it, however large and deep it is."""
    return _SHORT.repr(value)


def _short_key(key: str) -> str:
    return key if len(key) <= 60 else f"{key[:57]}..."


def to_json(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(to_plain(value), separators=(",", ":"), allow_nan=True)


def from_json(kind: type[T] | types.GenericAlias, text: str, where: str = "") -> T:
    """Reads one `kind` from JSON text.

    Raises:
        WireError: if the text is not JSON or does not fit.
    """
    where = where or kind.__name__
    if len(text) > MAX_TEXT:
        raise WireError(f"{where}: not JSON that is read ({len(text)} characters where {MAX_TEXT} are the most)")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise WireError(f"{where}: not JSON ({problem})") from problem
    return from_plain(kind, value, where)


def read_toml(kind: type[T] | types.GenericAlias, path: Path) -> T:
    """Reads one `kind` from a TOML file.

    Raises:
        WireError: if the file is not TOML or does not fit.
    """
    try:
        value = tomllib.loads(_toml_text(path))
    except (OSError, ValueError, RecursionError) as problem:
        raise WireError(f"{path}: cannot be read ({problem})") from problem
    return from_plain(kind, value, path.name)


def _toml_text(path: Path) -> str:
    """The text of a file that tomllib reads in reasonable time."""
    with path.open("rb") as file:
        content = file.read(MAX_TOML_BYTES + 1)
    if len(content) > MAX_TOML_BYTES:
        raise WireError(f"{path}: cannot be read (it has more than {MAX_TOML_BYTES >> 10} kB)")
    text = content.decode("utf-8")
    if any(line.count(".") > MAX_TOML_DOTS for line in text.split("\n")):
        raise WireError(f"{path}: cannot be read (a line has more than {MAX_TOML_DOTS} full stops)")
    return text
