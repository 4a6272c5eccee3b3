"""The tables of docs/manual/scripts.md: each field of what a verb prints with --json, its type and its meaning.

A test compares the page with them; `python -m understudy.cli.results.manual_page` updates the page after a change.
"""

import dataclasses
import enum
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from understudy.cli.entry.help_groups import field_texts
from understudy.cli.results.json_output import RESULTS, VERSION, result_type
from understudy.cli.show.output_file import write_output

PAGE = Path(__file__).parents[3] / "docs" / "manual" / "scripts.md"
BEGIN = "## What each verb prints\n"
NAMES = {str: "text", int: "integer", float: "number", bool: "true or false", Path: "path", type(None): "null"}


def page_of(before: str) -> str:
    """Returns the page with new tables; the text before BEGIN is kept."""
    return before.partition(BEGIN)[0] + BEGIN + "\n" + "\n".join(tables())


def tables() -> Iterator[str]:
    """Yields the lines: one table for each result, then one for each dataclass inside of them."""
    verbs: dict[type, list[str]] = {}
    for verb in RESULTS:
        verbs.setdefault(result_type(verb), []).append(verb)
    inner: dict[type, None] = {}
    for kind, printed_by in verbs.items():
        names = " and ".join(f"`understudy {verb}`" for verb in printed_by)
        schemas = " or ".join(f"`{verb}/{VERSION}`" for verb in printed_by)
        yield f"**{names}**, schema {schemas}\n"
        yield from _table(kind)
        inner |= dict.fromkeys(_dataclasses_in(kind))
    for kind in sorted(set(inner) - set(verbs), key=_name):
        yield f'<a id="{_name(kind)}"></a>**{_name(kind)}**: {(kind.__doc__ or "").splitlines()[0]}\n'
        yield from _table(kind)


def texts_of(kind: type) -> dict[str, str]:
    """Returns the text under each field of a dataclass, also of inherited ones."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if dataclasses.is_dataclass(each):
            found |= field_texts(each)
    return found


def _table(kind: type) -> Iterator[str]:
    texts, hints = texts_of(kind), typing.get_type_hints(kind)
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for field in dataclasses.fields(kind):
        meaning = " ".join(texts.get(field.name, "").split())
        yield f"| `{field.name}` | {_words(hints[field.name])} | {meaning} |"
    yield ""


def _words(hint: Any) -> str:
    """Returns a type in words."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return "text"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(each) for each in arguments)
    if origin in (tuple, list):
        return f"list of {_words(arguments[0])}"
    if origin is dict:
        return f"object of {_words(arguments[1])}"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(f"`{each}`" for each in hint.__members__)
    return NAMES.get(hint) or f"[{_name(hint)}](#{_name(hint)})"


def _dataclasses_in(kind: Any) -> Iterator[type]:
    """Yields the dataclasses of the fields of a dataclass, and those inside of them."""
    for hint in typing.get_type_hints(kind).values() if dataclasses.is_dataclass(kind) else typing.get_args(kind):
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield hint
        yield from _dataclasses_in(hint)


def _name(kind: type) -> str:
    """Returns a name that no other dataclass of the page has."""
    return "DesktopFinding" if kind.__module__.endswith("desktop_checks") else kind.__name__


if __name__ == "__main__":
    write_output(PAGE, page_of(PAGE.read_text(encoding="utf-8")).encode())
