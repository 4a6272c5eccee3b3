"""Parser of a detector's class names: the entry `names` of its file, as different programs write it."""

import ast
import json
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError

MAX_TEXT = 200_000
MAX_CLASSES = 10_000
MAX_NAME = 100


def class_names(text: str | None, path: Path) -> tuple[str, ...]:
    """Returns the names in the order of the classes.

    Accepts a Python dict literal (as in YOLO's exports), JSON, and a list; indices from 0 or from 1.

    Args:
        text: the file's entry; None if it has none.
        path: of the file, for error messages.

    Raises:
        CheckpointError: if there are no names, or they are invalid.
    """
    listed = _in_order(_parsed(text))
    if listed is None or not all(isinstance(name, str) and _is_name(name) for name in listed):
        raise CheckpointError(
            f"{path} does not say what its classes are called: it needs the metadata entry `names` of YOLO's exports, "
            "such as {0: 'alien', 1: 'box'}."
        )
    return tuple(listed)


def _parsed(text: str | None) -> Any:
    if text is None or len(text) > MAX_TEXT:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _in_order(names: Any) -> list[Any] | None:
    """Returns a list, or a dict's values by index; None for anything else."""
    if isinstance(names, dict):
        by_number = {int(key): name for key, name in names.items() if _is_number(key)}
        first = min(by_number, default=0)
        complete = len(by_number) == len(names) and first in (0, 1)
        if not complete or sorted(by_number) != list(range(first, first + len(names))):
            return None
        names = [by_number[number] for number in sorted(by_number)]
    return list(names) if isinstance(names, (list, tuple)) and 0 < len(names) <= MAX_CLASSES else None


def _is_number(key: Any) -> bool:
    return type(key) is int or (isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 9)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable()
