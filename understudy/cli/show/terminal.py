"""The console of every verb: text from files cannot send control sequences to the terminal.

Import `Console` from here, never from rich (a test checks this). Markup is off by default, because a file may be named
`[/red]`.
"""

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.rule import Rule
from rich.segment import Segment
from rich.text import Text

from understudy.contract.terminal_text import escape_controls

WIDTH_OF_PIPES = 100_000
"""Columns where the output is no terminal: none of a table's cells is wrapped or cut."""
_WIDTH_OF_RULES = 80
"""Most columns of a heading's line."""


class Console(RichConsole):
    """Rich's console with control characters in texts escaped; its own, for colours and progress bars, stay.

    Into a pipe or a file a table is as wide as it needs to be, unless COLUMNS is set.
    """

    def __init__(self, *, markup: bool = False, **options: Any) -> None:
        super().__init__(markup=markup, **options)
        if options.get("width") is None and not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = WIDTH_OF_PIPES

    def heading(self, title: str) -> None:
        """Prints a title in bold, followed by a line to the end of the terminal or to column 80."""
        self.print(Rule(Text(title, style="bold"), align="left"), width=min(self.width, _WIDTH_OF_RULES))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Escapes control characters; every text passes here on its way to the terminal."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else escape_controls(segment.text)
            yield segment if text == segment.text else Segment(text, segment.style)
