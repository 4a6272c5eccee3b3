"""Writer of readable, editable TOML; `serialization.read_toml` reads it back to the same dataclasses."""

import dataclasses
import json
import math
from typing import Any

from understudy.contract.serialization import to_plain

LINE = 110


def to_toml(value: Any) -> str:
    """Converts a dataclass (or a dict of plain values) to TOML text, without None and empty values.

    A field of the dataclass that has no default is written even if it is empty, because it is read strictly. Small
    tables are inline, large ones have their own heading.
    """
    return "\n".join(_table(to_plain(value), (), _required(value))).strip() + "\n"


def _required(value: Any) -> frozenset[str]:
    """Returns the names of a dataclass's fields without a default."""
    if not dataclasses.is_dataclass(value):
        return frozenset()
    missing = dataclasses.MISSING
    fields = dataclasses.fields(value)
    return frozenset(each.name for each in fields if each.default is missing and each.default_factory is missing)


def _table(table: dict[str, Any], place: tuple[str, ...], required: frozenset[str] = frozenset()) -> list[str]:
    lines, later = [], []
    for key, value in table.items():
        if value is None or (key not in required and value in ([], {})):
            continue
        if _is_large(value):
            later.append((key, value))
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in later:
        inner = (*place, key)
        heading = ".".join(_key(part) for part in inner)
        if isinstance(value, dict):
            lines += ["", f"[{heading}]", *_table(value, inner)]
        else:
            for item in value:
                lines += ["", f"[[{heading}]]", *_table(item, inner)]
    return lines


def _is_large(value: Any) -> bool:
    """Returns whether a value needs its own heading: tables that do not fit on a short line."""
    tables = isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict))
    return bool(tables) and len(_value(value)) > LINE


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        rounded = round(value, 6)
        return repr(rounded if math.isclose(rounded, value, rel_tol=1e-3) else value)  # 1e-7 is not 0
    if isinstance(value, dict):
        inner = ", ".join(
            f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None and item != []
        )
        return f"{{ {inner} }}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _key(name: str) -> str:
    bare = name and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name)
    return name if bare else json.dumps(name, ensure_ascii=False)
