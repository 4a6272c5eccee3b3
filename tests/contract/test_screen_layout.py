"""What a profile says of its window is refused where no window can be so: what reads pictures trusts it."""

import copy
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

import understudy.worlds
from understudy.contract.errors import WireError
from understudy.contract.profile import Profile
from understudy.contract.serialization import from_plain

TEXT = (Path(understudy.worlds.__file__).parent / "profiles" / "darkorbit.toml").read_text("utf-8")
GOOD = tomllib.loads(TEXT)
IMPOSSIBLE: dict[str, tuple[str, Any, str]] = {
    "an area that is no number": ("gauges 0 reading area left", math.nan, "must lie inside the window"),
    "an area beside the window": ("gauges 2 reading area left", -0.1, "must lie inside the window"),
    "a colour above 255": (
        "gauges 0 reading full 0",
        [256, 0, 0],
        "a bar's full and empty must be red, green, blue from 0 to 255",
    ),
    "a colour below 0": ("selectors 0 readings 0 lit 0", [0, -1, 0], "a lamp's lit must be red"),
    "a huge colour": ("eye selected colour", [2**40, 0, 0], "the colour of a ring must be red"),
    "a tolerance that is no number": ("eye attacking tolerance", math.nan, "tolerance must lie between 0 and 442"),
    "a share above all": ("eye selected share", 1.5, "share must lie between 0 and 1, not 1.5"),
    "a bar over an enemy without a place": (
        "track_gauges 0 reading rise",
        math.nan,
        "rise must lie between -1000",
    ),
    "a bar over an enemy wider than any window": (
        "track_gauges 1 reading least_width",
        1e9,
        "least_width must lie",
    ),
    "writing without an end": ("eye attacking width", math.inf, "width must lie between 0 and 1000"),
    "a dot larger than any minimap": ("eye dots 1 radius", 1e6, "radius must lie between 0 and 200"),
    "a landmark beside the map": ("eye maps 0 landmarks 0 x", 1.5, "x of a landmark must lie between 0 and 1"),
    "a log without lines": ("eye log lines", [], "a log needs the colour of at least one kind of line"),
    "a log of no height": ("eye log num_lines", 0, "num_lines must lie between 1 and 100, not 0"),
    "light that is no brightness": ("eye log least_light", 300, "least_light must lie between 0 and 255"),
    "a view of nothing": ("eye view_width", 0, "view_width must lie between"),
    "a background that stands still": ("eye parallax 0", 0, "parallax must lie between 0.001 and 10, not 0"),
    "too many backgrounds": ("eye parallax", [0.5] * 17, "parallax may name at most 16 layers"),
    "a ship faster than any picture": ("eye top_speed", 1e6, "top_speed must lie between 0.001 and 5"),
    "a hull that is no number": ("track_gauges 0 full streuner", math.nan, "a full gauge of streuner must lie"),
    "a cursor larger than the window": ("eye cursor_size", 1e9, "cursor_size must lie between 0 and 1000"),
    "a score that everything reaches": ("eye confidence", 0, "confidence and iou must lie between 0 and 1"),
    "a class without an end": (
        "eye classes gate",
        "x" * 5000,
        "the name of a class or kind must have 1 to",
    ),
    "a hull of nobody": ("track_gauges 0 full", {"": 1.0}, "the name of a kind must have 1 to 64 printable characters"),
    "nine gauges": ("gauges", [{"name": f"bar {i}"} for i in range(9)], "the names of gauges may be at most 8, not 9"),
    "two gauges of one name": (
        "gauges 1 name",
        "hp",
        "the names of gauges must be distinct, and",
    ),
    "a selector with too few lamps": ("selectors 0 num_choices", 5, "a selector of 5 choices needs as many readings"),
}


@pytest.mark.parametrize(("place", "value", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_window_that_cannot_be_so_is_refused(place: str, value: Any, says: str) -> None:
    changed: Any = copy.deepcopy(GOOD)
    holder, (*inner, last) = changed, [int(part) if part.isdigit() else part for part in place.split()]
    for part in inner:
        holder = holder[part]
    holder[last] = value
    with pytest.raises(WireError, match=says):
        from_plain(Profile, changed)
