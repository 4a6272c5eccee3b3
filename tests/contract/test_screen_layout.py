"""What a profile says of its window is refused where no window can be so: what reads pictures trusts it."""

import copy
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

import understudy.worlds
from understudy.contract.errors import WireError
from understudy.contract.screen_layout import Screen
from understudy.contract.serialization import from_plain

TEXT = (Path(understudy.worlds.__file__).parent / "profiles" / "darkorbit.toml").read_text("utf-8")
GOOD = tomllib.loads(TEXT)["eye"]
IMPOSSIBLE: dict[str, tuple[str, Any, str]] = {
    "an area that is no number": ("hp area left", math.nan, "must lie inside the window"),
    "an area beside the window": ("rocket area left", -0.1, "must lie inside the window"),
    "a colour above 255": ("hp full 0", [256, 0, 0], "a bar's full and empty must be red, green, blue from 0 to 255"),
    "a colour below 0": ("ammo_kind 0 lit 0", [0, -1, 0], "a lamp's lit must be red"),
    "a huge colour": ("selected colour", [2**40, 0, 0], "the colour of a ring must be red"),
    "a tolerance that is no number": ("attacking tolerance", math.nan, "tolerance must lie between 0 and 442"),
    "a share above all": ("selected share", 1.5, "share must lie between 0 and 1, not 1.5"),
    "a bar over an enemy without a place": ("overhead 0 rise", math.nan, "rise must lie between -1000 and 1000"),
    "a bar over an enemy wider than any window": ("overhead 1 least_width", 1e9, "least_width must lie between 0"),
    "writing without an end": ("attacking width", math.inf, "width must lie between 0 and 1000"),
    "a dot larger than any minimap": ("dots 1 radius", 1e6, "radius must lie between 0 and 200"),
    "a landmark beside the map": ("maps 0 landmarks 0 x", 1.5, "x of a landmark must lie between 0 and 1"),
    "a log without lines": ("log lines", [], "a log needs the colour of at least one kind of line"),
    "a log of no height": ("log num_lines", 0, "num_lines must lie between 1 and 100, not 0"),
    "light that is no brightness": ("log least_light", 300, "least_light must lie between 0 and 255"),
    "a view of nothing": ("view_width", 0, "view_width must lie between"),
    "a background that stands still": ("parallax 0", 0, "parallax must lie between 0.001 and 10, not 0"),
    "too many backgrounds": ("parallax", [0.5] * 17, "parallax may name at most 16 layers"),
    "a ship faster than any picture": ("top_speed", 1e6, "top_speed must lie between 0.001 and 5"),
    "a hull that is no number": ("hulls streuner", math.nan, "a hull must lie between 0"),
    "a cursor larger than the window": ("cursor_size", 1e9, "cursor_size must lie between 0 and 1000"),
    "a score that everything reaches": ("confidence", 0, "confidence and iou must lie between 0 and 1"),
    "a class without an end": ("classes gate", "x" * 5000, "the name of a class or kind must have 1 to 64 printable"),
    "a hull of nobody": ("hulls", {"": 1.0}, "the name of a class or kind must have 1 to 64 printable characters"),
    "five kinds of ammunition": ("ammo", [GOOD["ammo"][0]] * 5, "at most 4 kinds of ammunition"),
}


@pytest.mark.parametrize(("place", "value", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_window_that_cannot_be_so_is_refused(place: str, value: Any, says: str) -> None:
    changed: Any = copy.deepcopy(GOOD)
    holder, (*inner, last) = changed, [int(part) if part.isdigit() else part for part in place.split()]
    for part in inner:
        holder = holder[part]
    holder[last] = value
    with pytest.raises(WireError, match=says):
        from_plain(Screen, changed)
