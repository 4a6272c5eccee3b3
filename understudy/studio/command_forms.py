"""Forms of the verbs that the studio starts: their flags as fields, and the command line that a filled form stands for.

The flags come from the verbs' own dataclasses (cli/studio.py reads them); the command line is what one would type.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from understudy.contract.errors import FlagError

Kind = Literal["number", "whole", "switch", "text", "choice"]
MAX_VALUE = 200
"""Characters of a flag's value."""


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One flag."""

    name: str
    """The flag's name, such as `epoch_scale`."""
    kind: Kind
    default: str
    """The default as text; `yes` or empty for a switch."""
    explanation: str
    """The flag's help."""
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The flag as it is typed, such as `--epoch-scale`."""
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True, kw_only=True)
class CommandForm:
    """One verb with the flags that a person may set, and those that follow from the studio's folders."""

    verb: str
    summary: str
    """First line of the verb's help."""
    fields: tuple[FormField, ...]
    fixed: tuple[str, ...] = ()
    """Flags of folders, such as `--models demo/models`; left out where they are the verb's own defaults."""

    def arguments(self, values: Mapping[str, Any]) -> list[str]:
        """Returns the words after `understudy`; a value that is the default is left out.

        Raises:
            FlagError: if a value is of no flag of this form, or is no text.
        """
        by_name = {field.name: field for field in self.fields}
        words = [self.verb]
        for name, value in values.items():
            if name not in by_name or not isinstance(value, str) or len(value) > MAX_VALUE:
                raise FlagError(f"{self.verb} has no flag {str(name)[:MAX_VALUE]!r} here, or its value is too long.")
        for name, field in by_name.items():
            value = values.get(name, field.default).strip()
            if value == field.default or (not value and field.kind != "switch"):
                continue
            if field.kind == "switch":
                words.append(field.flag if value else f"--no-{field.name.replace('_', '-')}")
            else:
                words.append(f"{field.flag}={value}" if value.startswith("-") else field.flag)
                words += [] if value.startswith("-") else [value]
        return [*words, *self.fixed]


def command_line(arguments: list[str]) -> str:
    """Returns the command as one types it in a shell."""
    return shlex.join(["understudy", *arguments])
