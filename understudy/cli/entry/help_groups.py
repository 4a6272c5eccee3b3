"""`--help` in groups, for a verb with many flags.

Its dataclass stays flat and lists its groups in `HELP_GROUPS`. For the help alone, a dataclass a group is made, which
tyro shows in a box of its own.
"""

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Protocol, get_type_hints

HELP_FLAGS = {"--help", "-h"}


class Grouped(Protocol):
    """A dataclass with groups."""

    HELP_GROUPS: ClassVar[dict[str, tuple[str, ...]]]
    """Title -> names of fields; each field stands in one group."""


def show_grouped_help(command_type: Any, arguments: Sequence[str], program: str) -> None:
    """Prints the help in groups and leaves by SystemExit if the arguments ask for help and the type has groups."""
    groups: dict[str, tuple[str, ...]] = getattr(command_type, "HELP_GROUPS", {})
    if not groups or not HELP_FLAGS & set(arguments):
        return
    from understudy.cli.flags.spellings import NO_NONE

    tyro: Any = importlib.import_module("tyro")
    hints, texts = get_type_hints(command_type, include_extras=True), field_texts(command_type)
    defaults = {field.name: field.default for field in dataclasses.fields(command_type)}
    parts = []
    for title, names in groups.items():
        fields = [
            (
                name,
                Annotated[hints[name], tyro.conf.arg(help=texts[name], prefix_name=False)],
                dataclasses.field(default=defaults[name]),
            )
            for name in names
        ]
        part = dataclasses.make_dataclass("Part", fields, frozen=True, kw_only=True)
        part.__doc__ = ""
        parts.append((title, part, dataclasses.field(default=part())))
    whole = dataclasses.make_dataclass("Whole", parts, frozen=True, kw_only=True)
    tyro.cli(whole, prog=program, description=inspect.getdoc(command_type), args=["--help"], config=NO_NONE)


def field_texts(command_type: type) -> dict[str, str]:
    """Returns the text under each field of a dataclass."""
    body = ast.parse(inspect.getsource(command_type)).body[0]
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        named = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if named and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            assert isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            texts[field.target.id] = inspect.cleandoc(str(text.value.value))
    return texts
