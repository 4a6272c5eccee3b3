"""The console of every verb: text from files cannot send control sequences to the terminal.

Import `Console` from here, never from rich (a test checks this). Markup is off by default, because a file may be named
`[/red]`.
"""

from collections.abc import Iterable
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from understudy.contract.terminal_text import escape_controls


class Console(RichConsole):
    """Rich's console with control characters in texts escaped; its own, for colours and progress bars, stay."""

    def __init__(self, *, markup: bool = False, **options: Any) -> None:
        super().__init__(markup=markup, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Escapes control characters; every text passes here on its way to the terminal."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else escape_controls(segment.text)
            yield segment if text == segment.text else Segment(text, segment.style)
