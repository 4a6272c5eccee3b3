"""What a profile reads in one picture: in words, and drawn into the picture."""

import numpy as np

from understudy.cli.show.images import GREEN, draw_area
from understudy.contract.game.readings import Gauge
from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Area, Bar, Counter, Dial, Lamp, Screen
from understudy.perception.outcomes.end_screen import EndScreenReader
from understudy.perception.outcomes.score_reader import ScoreReader
from understudy.perception.screen_regions import scale_of


def readings_of(profile: Profile, record: np.void) -> dict[str, str]:
    """What was seen of that which the profile says where to see, in words a player knows."""
    screen = profile.eye or Screen()
    player, tracks = record["player"], record["tracks"][record["tracks"]["id"] > 0]
    index = int(player["map_index"])
    marks = [Role(int(mark["role"])).name.lower() for mark in record["landmarks"] if mark["role"] > 0]
    names = [profile.kinds[int(track["kind"])].name for track in tracks]
    readings = {
        **{
            gauge.name: (gauge.reading, _per_cent(float(value)))
            for gauge, value in zip(profile.gauges, player["gauges"], strict=False)
        },
        **{
            switch.name: (switch.reading, "on" if lit else "off or unknown")
            for switch, lit in zip(profile.switches, player["switches"], strict=False)
        },
        **{
            selector.name: (selector.readings, str(int(choice) or "unknown"))
            for selector, choice in zip(profile.selectors, player["selectors"], strict=False)
        },
        "map": (screen.maps, profile.maps[index] if index >= 0 else "unknown"),
        "place": (screen.dots, f"{_per_cent(float(player['x']))} across, {_per_cent(float(player['y']))} down"),
        "landmarks": (screen.dots, ", ".join(marks) or "none seen"),
        "objects": (True, ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names)) or "none seen"),
    }
    return {name: reading for name, (is_said, reading) in readings.items() if is_said}


def outcome_readings(profile: Profile, frame: np.ndarray) -> dict[str, str]:
    """The score, and whether the game is over, where the profile says how to tell."""
    readings = {}
    if profile.eye is not None and profile.eye.score is not None:
        number = ScoreReader(profile.eye.score).read(frame, scale_of(profile, frame))
        readings["score"] = "unknown" if number != number else f"{number:.0f}"
    if profile.eye is not None and profile.eye.game_over is not None:
        readings["game over"] = "yes" if EndScreenReader(profile.eye.game_over).is_shown(frame) else "no"
    return readings


def unread_in_words(gauge: Gauge) -> str:
    """Returns what a gauge is that could not be read, such as `The ring fuel`."""
    return f"The {_KINDS[type(gauge.reading)][0]} {gauge.name}"


def what_to_check(gauge: Gauge) -> str:
    """Returns what in a profile may be wrong about a gauge that could not be read."""
    return _KINDS[type(gauge.reading)][1]


_KINDS: dict[type, tuple[str, str]] = {
    Bar: ("bar", "its rectangle and its colours"),
    Dial: ("ring", "its centre, its radius and its colours"),
    Counter: ("number", "its area, its colour and its digits"),
    type(None): ("gauge", "its reading"),
}
"""Type of a reading -> what it is called, and what to check about it."""


def _per_cent(value: float) -> str:
    return "unknown" if value != value else f"{100 * value:.0f} %"


def _area_of(reading: Bar | Dial | Counter, profile: Profile) -> Area:
    """Returns the rectangle around a reading, cut at the window's edges."""
    if isinstance(reading, Bar):
        return reading.area
    if isinstance(reading, Counter):
        return reading.score.area
    across, down = reading.radius / profile.window_width, reading.radius / profile.window_height
    left, top = max(reading.x - across, 0.0), max(reading.y - down, 0.0)
    return Area(left=left, top=top, width=min(reading.x + across, 1.0) - left, height=min(reading.y + down, 1.0) - top)


def _lamps_of(profile: Profile) -> tuple[Lamp, ...]:
    return tuple(lamp for selector in profile.selectors for lamp in selector.readings)


def annotated(profile: Profile, frame: np.ndarray, record: np.void) -> np.ndarray:
    """A copy of a picture with everything drawn in that the profile names and that was seen."""
    picture, player = frame.copy(), record["player"]
    for panel in profile.panels:
        draw_area(picture, panel.left, panel.top, panel.width, panel.height, "", (90, 90, 160))
    part = profile.minimap
    draw_area(picture, part.left, part.top, part.width, part.height, "minimap", (255, 220, 90))
    for gauge, value in zip(profile.gauges, player["gauges"], strict=False):
        if gauge.reading is not None:
            area = _area_of(gauge.reading, profile)
            text = f"{gauge.name} {_per_cent(float(value))}"
            draw_area(picture, area.left, area.top, area.width, area.height, text, (255, 120, 220))
    for lamp in (*(switch.reading for switch in profile.switches), *_lamps_of(profile)):
        if lamp is not None:
            area = lamp.area
            draw_area(picture, area.left, area.top, area.width, area.height, "", (255, 120, 220))
    if player["x"] == player["x"]:
        x, y = part.left + float(player["x"]) * part.width, part.top + float(player["y"]) * part.height
        draw_area(picture, x - 0.006, y - 0.01, 0.012, 0.02, "ship", (255, 255, 255))
    for track in record["tracks"][record["tracks"]["id"] > 0]:
        left, top = track["x"] - track["width"] / 2, track["y"] - track["height"] / 2
        hp = _per_cent(float(track["gauges"][0])) if track["gauges"][0] == track["gauges"][0] else ""
        text = f"{profile.kinds[int(track['kind'])].name} {hp}"
        draw_area(picture, float(left), float(top), float(track["width"]), float(track["height"]), text.strip(), GREEN)
    return picture
