"""Writes a discovery into a game's profile."""

from dataclasses import replace

from understudy.contract.errors import FlagError
from understudy.contract.profile import Kind, Profile
from understudy.contract.screen_layout import Area, Bar, Screen
from understudy.perception.discovery.discovered import Discovery, FoundBar


def to_profile(discovery: Discovery, base: Profile) -> Profile:
    """Returns a profile with the kinds, panels and bars of a discovery.

    Kinds get the name and role that a person gave, else the suggested ones. Of the bars those that fill to the right
    and have a gauge are written, because a profile knows no others; the colours and areas of others stay the base's.

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
    bars = {bar.chosen_gauge: _bar(bar) for bar in discovery.bars if bar.chosen_gauge and bar.fills == "right"}
    try:
        return replace(
            base,
            window_width=discovery.frame_width,
            window_height=discovery.frame_height,
            kinds=kinds,
            panels=discovery.panels,
            eye=replace(screen, hp=bars.get("hp", screen.hp), shield=bars.get("shield", screen.shield)),
        )
    except ValueError as problem:
        raise FlagError(f"The discovery makes no profile: {problem}.") from None


def _without_other_kinds(screen: Screen, names: set[str]) -> Screen:
    """Drops what the base says about kinds that are no longer there."""
    return replace(
        screen,
        classes={name: kind for name, kind in screen.classes.items() if kind in names},
        confidences={name: value for name, value in screen.confidences.items() if name in names},
        hulls={name: value for name, value in screen.hulls.items() if name in names},
        shields={name: value for name, value in screen.shields.items() if name in names},
    )


def _bar(found: FoundBar) -> Bar:
    area = found.area
    return Bar(
        area=Area(left=area.left, top=area.top, width=area.width, height=area.height),
        full=found.full,
        empty=found.empty,
    )
