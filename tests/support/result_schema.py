"""Checks a JSON object against the dataclass that documents it: the same keys, values of its types."""

import dataclasses
import enum
import types
import typing
from pathlib import Path
from typing import Any


def check(kind: Any, value: Any, where: str = "result") -> None:
    """Raises AssertionError with the place of the first difference; a number may be null, which stands for NaN."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        assert isinstance(value, dict) and list(value) == [field.name for field in dataclasses.fields(kind)], where
        for name, item in value.items():
            check(hints[name], item, f"{where}.{name}")
    elif origin in (typing.Union, types.UnionType):
        assert any(_fits(each, value, where) for each in arguments), f"{where}: {value!r}"
    elif origin is tuple and arguments[1:] != (...,):
        assert len(value) == len(arguments), where
        for each, item in zip(arguments, value, strict=True):
            check(each, item, where)
    elif origin in (tuple, list):
        assert isinstance(value, list), where
        for number, item in enumerate(value):
            check(arguments[0], item, f"{where}[{number}]")
    elif origin is dict:
        assert isinstance(value, dict), where
        for key, item in value.items():
            check(arguments[1], item, f"{where}.{key}")
    elif origin is typing.Literal:
        assert value in arguments, f"{where}: {value!r}"
    elif kind is Path:
        assert isinstance(value, str), f"{where}: {value!r}"
    elif kind is float:
        assert value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)), f"{where}: {value!r}"
    elif issubclass(kind, enum.Enum):
        assert value in kind.__members__, f"{where}: {value!r}"
    else:
        assert type(value) is kind, f"{where}: {value!r}"


def _fits(kind: Any, value: Any, where: str) -> bool:
    try:
        check(kind, value, where)
    except AssertionError:
        return False
    return True
