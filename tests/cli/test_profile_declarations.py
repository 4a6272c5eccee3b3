"""Gauges, switches and selectors that `understudy profile new` is given by flags."""

from pathlib import Path

import numpy as np
import pytest

from understudy.cli.main import main
from understudy.cli.profile_declarations import DeclaredReadings
from understudy.cli.show.images import write_picture
from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.perception.profile_calibration import area_of

RED, GREEN, DARK = (220, 40, 40), (40, 200, 60), (15, 15, 15)
GAUGES = "fuel:STORE 10 100 20 200 60 up weapon; speed:PLAIN 40 10 140 20 40"
FLAGS = [
    *(
        "--name",
        "pond",
        "--title",
        "Pond",
        "--keys",
        "space",
        "--maps",
        "pond",
        "--kinds",
        "shark:ENEMY:5:0.8 bread:LOOT",
    ),
    *("--panels", "-", "--hp", "-", "--shield", "-", "--minimap", "-"),
    *("--gauges", GAUGES, "--switches", "lamp 200 10 220 20 space weapon"),
    *("--selectors", "tool=2 240 10 260 20 / 270 10 290 20 / 300 10 320 20"),
]


def picture() -> np.ndarray:
    """A tank that fills from below and is 60 % full, a bar at 40 %, a lamp that is lit, three tools of which two is."""
    frame = np.full((300, 400, 3), (20, 60, 30), np.uint8)
    frame[100:200, 10:20], frame[140:200, 10:20] = DARK, GREEN
    frame[10:20, 40:140], frame[10:20, 40:80] = DARK, RED
    frame[10:20, 200:220] = RED
    for number in range(3):
        frame[10:20, 240 + 30 * number : 260 + 30 * number] = GREEN if number == 1 else DARK
    return frame


def declared() -> DeclaredReadings:
    return DeclaredReadings(picture(), lambda edges: area_of(*edges, 400, 300))


def test_any_number_of_readings_is_declared_by_flags_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "shot.png", picture())
    made = ["profile", "new", "--screenshot", str(tmp_path / "shot.png"), "--out", str(tmp_path / "pond.toml")]
    assert main([*made, *FLAGS]) == 0
    profile = read_toml(Profile, tmp_path / "pond.toml")
    fuel, speed = profile.gauges
    assert (fuel.name, fuel.role, fuel.weapon) == ("fuel", GaugeRole.STORE, True)
    assert (speed.name, speed.role, speed.weapon) == ("speed", GaugeRole.PLAIN, False)
    assert (profile.switches[0].name, profile.switches[0].key, profile.switches[0].weapon) == ("lamp", "space", True)
    assert profile.selectors[0].num_choices == 3
    assert [(kind.value, kind.strength) for kind in profile.kinds] == [(5.0, 0.8), (0.0, 0.0)]
    printed = capsys.readouterr().out
    assert all(f"{text} %" in printed for text in ("60", "40")) and " on " in printed and " 2 " in printed


def test_a_game_without_readings_declares_none(tmp_path: Path) -> None:
    write_picture(tmp_path / "shot.png", picture())
    made = ["profile", "new", "--screenshot", str(tmp_path / "shot.png"), "--out", str(tmp_path / "pond.toml")]
    assert main([*made, *FLAGS[: FLAGS.index("--gauges")]]) == 0
    profile = read_toml(Profile, tmp_path / "pond.toml")
    assert profile.gauges == profile.switches == profile.selectors == ()
    assert not profile.shows_outcomes


@pytest.mark.parametrize(
    ("flag", "text", "says"),
    [
        ("gauges", "fuel:TANK 10 100 20 200 60 up", "ROLE one of PLAIN, VITAL"),
        ("gauges", "fuel:STORE 10 100 20 200", "5 numbers were expected"),
        ("gauges", ";", "Nothing was given"),
        ("switches", "lamp 200 10 220 20 q", "not one of the game's"),
        ("switches", "lamp 200 10 220", "4 numbers were expected"),
        ("selectors", "tool=4 240 10 260 20 / 270 10 290 20", "NUMBER from 1 to 2"),
        ("selectors", "tool=1 240 10 260 20 / 300 10 320 20", "looks like the others"),
        ("selectors", "tool=1 " + " / ".join(["270 10 290 20", *["240 10 260 20"] * 8]), "num_choices of a selector"),
    ],
)
def test_what_cannot_be_declared_is_one_sentence(flag: str, text: str, says: str) -> None:
    keys = (("space",),) if flag == "switches" else ()
    with pytest.raises(FlagError, match=says):
        getattr(declared(), f"{flag}_of")(text, *keys)
