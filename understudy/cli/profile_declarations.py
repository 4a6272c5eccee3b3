"""Gauges, switches and selectors as `understudy profile new` takes them, measured in one screenshot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast, get_args

import numpy as np

from understudy.contract.errors import FlagError
from understudy.contract.game.readings import Gauge, GaugeRole, Selector, Switch
from understudy.contract.screen_layout import Area, Bar, BarDirection
from understudy.perception.profile_calibration import bar_of, lamps_of

GAUGES_ASKED = "Which other bars of yours are there? (name:ROLE l t r b per cent; ...; or -)"
SWITCHES_ASKED = "What is on or off, and lit in this picture? (name l t r b key; ...; or -)"
SELECTORS_ASKED = "Where is one of several lit? (name=NUMBER l t r b / l t r b / ...; or -)"
WORDS_ASKED = {
    "gauges": "Which other bars of yours are there, to be pointed at? (name:ROLE; ...; or -)",
    "switches": "What is on or off, lit in this picture, and to be pointed at? (name key; ...; or -)",
    "selectors": "Where is one of several lit, each to be pointed at? (name=NUMBER of the lit one; ...; or -)",
}
"""Questions by flag where the places are pointed at."""
WEAPON = "weapon"
"""Word at the end of a gauge or switch of a weapon."""


class DeclaredReadings:
    """Parses declarations and measures them in a screenshot."""

    def __init__(self, frame: np.ndarray, area: Callable[[list[float]], Area]) -> None:
        """Args:
        frame: the screenshot's play area.
        area: converts left, top, right, bottom as they are typed.
        """
        self._frame, self._area = frame, area

    def gauges_of(self, text: str) -> tuple[Gauge, ...]:
        """Parses `name:ROLE l t r b per cent [direction] [weapon]`, separated by semicolons."""
        found = []
        for part in _parts(text):
            words, weapon = _without_weapon(part.split())
            name, _, role = words[0].partition(":")
            role = (role or GaugeRole.PLAIN.name).upper()
            if role not in GaugeRole.__members__:
                raise FlagError(f"{words[0]!r} was given where name:ROLE was expected, ROLE one of {_ROLES}.")
            reading = read_bar(" ".join(words[1:]), self._frame, self._area, name)
            with _declaring():
                found.append(Gauge(name=name, role=GaugeRole[role], weapon=weapon, reading=reading))
        return tuple(found)

    def switches_of(self, text: str, keys: tuple[str, ...]) -> tuple[Switch, ...]:
        """Parses `name l t r b [key] [weapon]`, separated by semicolons; each has to be lit in the screenshot."""
        found = []
        for part in _parts(text):
            words, weapon = _without_weapon(part.split())
            name, key = words[0], words[5].lower() if len(words) == 6 else None
            if key is not None and key not in keys:
                raise FlagError(f"The key {key!r} of the switch {name} is not one of the game's (--keys).")
            area = self._area(numbers_of(" ".join(words[1:5] if key else words[1:]), 4))
            lamp = lamps_of(self._frame, (area,), 0, name)[0]
            with _declaring():
                found.append(Switch(name=name, weapon=weapon, key=key, reading=lamp))
        return tuple(found)

    def selectors_of(self, text: str) -> tuple[Selector, ...]:
        """Parses `name=NUMBER l t r b / l t r b ...`, separated by semicolons; NUMBER is lit in the screenshot."""
        found = []
        for part in _parts(text):
            head, _, places = part.strip().partition(" ")
            name, _, number = head.partition("=")
            areas = tuple(self._area(numbers_of(place, 4)) for place in places.split("/"))
            if not number.isdecimal() or not 1 <= int(number) <= len(areas):
                raise FlagError(f"{head!r} was given where name=NUMBER was expected, NUMBER from 1 to {len(areas)}.")
            lamps = lamps_of(self._frame, areas, int(number) - 1, name)
            with _declaring():
                found.append(Selector(name=name, num_choices=len(areas), readings=lamps))
        return tuple(found)


_ROLES = ", ".join(GaugeRole.__members__)


def read_bar(text: str, frame: np.ndarray, area: Callable[[list[float]], Area], name: str) -> Bar:
    """Measures a bar given as left top right bottom, per cent and a direction."""
    *numbers, last = text.split() or [""]
    fills = last.lower()
    if fills not in get_args(BarDirection):
        numbers, fills = [text], "right"
    *edges, full = numbers_of(" ".join(numbers), 5)
    return bar_of(frame, area(edges), full / 100, name, cast(BarDirection, fills))


def numbers_of(text: str, count: int) -> list[float]:
    """Parses `count` numbers separated by blanks or commas.

    Raises:
        FlagError: if the text is anything else.
    """
    try:
        numbers = [float(part) for part in text.replace(",", " ").replace("%", " ").split()]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise FlagError(f"{text!r} was given where {count} numbers were expected, or - for none.")
    return numbers


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise FlagError("Nothing was given where declarations with ; between were expected, or - for none.")
    return parts


def _without_weapon(words: list[str]) -> tuple[list[str], bool]:
    is_weapon = words[-1].lower() == WEAPON
    return (words[:-1] or words, True) if is_weapon else (words, False)


@contextmanager
def _declaring() -> Iterator[None]:
    """Turns what no gauge, switch or selector can be into a mistake of the flag."""
    try:
        yield
    except ValueError as problem:
        raise FlagError(f"This cannot be declared: {problem}.") from None
