"""The dataclasses behind every verb and every script of the guide, with what is typed to reach each of them."""

import dataclasses
import importlib
import typing
from typing import Any

from understudy.cli.entry.verbs import VERBS
from understudy.cli.guide_scripts import SCRIPT_COMMANDS


@dataclasses.dataclass(frozen=True)
class CommandType:
    """One dataclass that a command line is parsed into."""

    module: str
    choice: str
    """Name in the module of the dataclass, or of the union that it is a part of."""
    words: tuple[str, ...]
    """What stands before its flags: the name of the subcommand where there is one."""
    type: Any

    def __str__(self) -> str:
        return f"{self.module.removeprefix('understudy.cli.')}.{self.type.__name__}"


def command_types() -> list[CommandType]:
    """All of them, each once."""
    found: dict[type, CommandType] = {}
    for module, choice in (*VERBS.values(), *SCRIPT_COMMANDS.values()):
        whole = getattr(importlib.import_module(module), choice)
        parts = list(_dataclasses(whole))
        for part in parts:
            words = (part.__name__.lower(),) if len(parts) > 1 else ()
            found.setdefault(part, CommandType(module, choice, words, part))
    return list(found.values())


def _dataclasses(hint: Any) -> typing.Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from _dataclasses(argument)
