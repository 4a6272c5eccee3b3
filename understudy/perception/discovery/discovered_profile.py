"""Writes a discovery into a game's profile."""

from collections.abc import Sequence
from dataclasses import replace

from understudy.contract.errors import FlagError
from understudy.contract.game.readings import Gauge
from understudy.contract.profile import Kind, Profile
from understudy.contract.screen_layout import Area, Bar, Counter, Dial, Screen
from understudy.perception.discovery.discovered import Discovery, FoundBar


def to_profile(discovery: Discovery, base: Profile) -> Profile:
    """Returns a profile with the kinds, panels and bars of a discovery.

    Kinds and bars get the name and role that a person gave, else the suggested ones. Bars without a gauge are left out;
    gauges of the base that no bar was found for stay as they are.

    Args:
        discovery: what was found.
        base: window title, keys, maps and all that was not found; its own kinds and panels are replaced.

    Raises:
        FlagError: if there is no kind left, or two kinds have the same name.
    """
    if not discovery.kept:
        raise FlagError("Every kind was thrown away or none was found: keep at least one.")
    kinds = tuple(Kind(name=kind.shown_name, role=kind.chosen_role, value=kind.value) for kind in discovery.kept)
    screen = _without_other_kinds(base.eye or Screen(), {kind.name for kind in kinds})
    names = {kind.name for kind in kinds}
    try:
        return replace(
            base,
            window_width=discovery.frame_width,
            window_height=discovery.frame_height,
            kinds=kinds,
            panels=discovery.panels,
            gauges=_with_readings(base.gauges, discovery.bars),
            track_gauges=tuple(
                replace(gauge, full={name: full for name, full in gauge.full.items() if name in names})
                for gauge in base.track_gauges
            ),
            eye=screen,
        )
    except ValueError as problem:
        raise FlagError(f"The discovery makes no profile: {problem}.") from None


def _with_readings(gauges: tuple[Gauge, ...], found: Sequence[FoundBar]) -> tuple[Gauge, ...]:
    """Returns the gauges with the bars that were found; those that are not declared yet follow at the end.

    A gauge that was read off one of these bars, and by whose name none of them goes any more, is left out.
    """
    bars = {bar.chosen_gauge: bar for bar in found if bar.chosen_gauge is not None}
    places = [_place(_reading(bar)) for bar in found]
    kept = [gauge for gauge in gauges if gauge.name in bars or _place(gauge.reading) not in places]
    declared = {gauge.name for gauge in kept}
    missing = [Gauge(name=name, role=bar.chosen_role) for name, bar in bars.items() if name not in declared]
    return tuple(_with_bar(gauge, bars[gauge.name]) if gauge.name in bars else gauge for gauge in (*kept, *missing))


def _with_bar(gauge: Gauge, bar: FoundBar) -> Gauge:
    return replace(gauge, reading=_reading(bar), role=gauge.role if bar.role is None else bar.role)


def _without_other_kinds(screen: Screen, names: set[str]) -> Screen:
    """Drops what the base says about kinds that are no longer there."""
    return replace(
        screen,
        classes={name: kind for name, kind in screen.classes.items() if kind in names},
        confidences={name: value for name, value in screen.confidences.items() if name in names},
    )


def _place(reading: Bar | Dial | Counter | None) -> object:
    """Where a bar or ring is, to be compared; None for another reading."""
    if isinstance(reading, Dial):
        return reading.x, reading.y, reading.radius
    return reading.area if isinstance(reading, Bar) else None


def _reading(found: FoundBar) -> Bar | Dial:
    area = found.area
    if found.radius is not None:
        x, y = area.left + area.width / 2, area.top + area.height / 2
        return Dial(x=x, y=y, radius=found.radius, full=found.full, empty=found.empty)
    assert found.fills in ("right", "left", "up", "down")
    return Bar(
        area=Area(left=area.left, top=area.top, width=area.width, height=area.height),
        full=found.full,
        empty=found.empty,
        fills=found.fills,
    )
