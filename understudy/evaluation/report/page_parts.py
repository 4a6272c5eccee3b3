"""What the report's templates show: cards, tables of cells, plots, films; plain text, which the templates escape."""

import base64
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str = ""
    small: str = ""
    """Small print below the text, such as an interval."""
    dot: str = ""
    """Colour of a dot before the text."""
    mark: str = ""
    """CSS class of the text: `good` or `bad`."""


@dataclass(frozen=True)
class Table:
    """A table; newlines in its heads become line breaks."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    """CSS class and cells of each row."""
    kind: str = ""
    """CSS class of the table."""


@dataclass(frozen=True)
class Card:
    """One large number with its interval and what it is."""

    figure: str
    interval: str
    label: str


@dataclass(frozen=True)
class Plot:
    """An SVG picture, embedded as an image so that element ids of several plots cannot collide."""

    svg: str
    alternative: str
    """What it shows, for those who do not see it."""

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg.encode()).decode()}"


@dataclass(frozen=True)
class HeadPart:
    """One policy head: metrics beside their baselines, and its pictures with their titles."""

    name: str
    metrics: Table
    pictures: tuple[tuple[str, Plot], ...] = ()


def film_source(data: bytes, kind: str) -> str:
    """Returns a film as a data URI; `kind` is `webm` or `mp4`."""
    return f"data:video/{kind};base64,{base64.b64encode(data).decode()}"
