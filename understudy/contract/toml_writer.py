"""Writer of readable, editable TOML by tomli-w; `serialization.read_toml` reads it back to the same dataclasses."""

import dataclasses
from typing import Any

import tomli_w

from understudy.contract.serialization import to_plain


def to_toml(value: Any) -> str:
    """Converts a dataclass (or a dict of plain values) to TOML text, which is read back to an equal one.

    TOML has no null: None is left out. Empty lists and tables are left out too where they are the field's default.

    Raises:
        ValueError: for a field that is None although its default is not.
    """
    return tomli_w.dumps(_table(value))


def _table(value: Any) -> dict[str, Any]:
    """Returns the plain table of a dataclass or a dict."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    table = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if item is None and field.default is not None:
            raise ValueError(f"{type(value).__name__}.{field.name} is None, which TOML cannot say")
        if item is not None and not (item in ((), [], {}) and item == _default(field)):
            table[field.name] = _plain(item)
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, dict) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return _table(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return to_plain(value)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
