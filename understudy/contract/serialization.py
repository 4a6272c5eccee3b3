"""Dataclasses to plain JSON/TOML values and back, strictly: an unknown key is an error, so that no setting is lost.

Covers what our configs and profiles are made of: frozen dataclasses, tuples, lists, dicts with string keys, enums,
optional values and scalars. Deliberately no aliases, no coercion beyond int to float, no registry.
"""

import dataclasses
import enum
import json
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from understudy.contract.errors import WireError

T = TypeVar("T")


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
        return value
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, value, where)
    if origin is tuple:
        return tuple(_read_items(arguments, value, where))
    if origin is list:
        return _read_items((arguments[0], ...), value, where)
    if origin is dict:
        _expect(isinstance(value, dict), where, value, "a table")
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is typing.Literal:
        _expect(value in arguments, where, value, f"one of {', '.join(map(str, arguments))}")
        return value
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(typing.cast(type, kind), value, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        _expect(value in kind.__members__, where, value, f"one of {', '.join(kind.__members__)}")
        return kind[value]
    return _read_scalar(kind, value, where)


def _read_scalar(kind: Any, value: Any, where: str) -> Any:
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
    raise WireError("; or ".join(problems) or f"{where}: nothing fits {value!r}")


def _read_items(kinds: tuple[Any, ...], value: Any, where: str) -> list[Any]:
    _expect(isinstance(value, (list, tuple)), where, value, "a list")
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(value)
    _expect(len(kinds) == len(value), where, value, f"{len(kinds)} items")
    return [_read(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True))]


def _read_dataclass(kind: type, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), where, value, "a table")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise WireError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(fields)}")
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
        raise WireError(f"{where}: {value!r} was given where {expected} was expected")


def to_json(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(to_plain(value), separators=(",", ":"), allow_nan=True)


def from_json(kind: type[T] | types.GenericAlias, text: str, where: str = "") -> T:
    """Reads one `kind` from JSON text.

    Raises:
        WireError: if the text is not JSON or does not fit.
    """
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise WireError(f"{where or kind.__name__}: not JSON ({problem})") from problem
    return from_plain(kind, value, where)


def read_toml(kind: type[T] | types.GenericAlias, path: Path) -> T:
    """Reads one `kind` from a TOML file.

    Raises:
        WireError: if the file is not TOML or does not fit.
    """
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise WireError(f"{path}: cannot be read ({problem})") from problem
    return from_plain(kind, value, path.name)
