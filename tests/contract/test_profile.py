"""Every game profile that comes with the project holds together, and one that no game can have is refused."""

import math
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import understudy.worlds
from understudy.contract.errors import WireError
from understudy.contract.game.readings import Gauge, GaugeRole
from understudy.contract.observation import Role
from understudy.contract.profile import Kind, Profile, Rectangle
from understudy.contract.serialization import from_json, from_plain, read_toml, to_json
from understudy.worlds.catalog import load_profile

PROFILES = sorted((Path(understudy.worlds.__file__).parent / "profiles").glob("*.toml"))


def read(path: Path) -> Profile:
    return read_toml(Profile, path)


def test_there_is_a_profile_of_the_embedded_game() -> None:
    assert "darkorbit" in [path.stem for path in PROFILES]


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_profile_survives_the_way_through_json(path: Path) -> None:
    profile = read(path)
    assert from_json(Profile, to_json(profile)) == profile
    assert profile.name == path.stem


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_names_are_unique_and_keys_fit_their_bits(path: Path) -> None:
    profile = read(path)
    for names in (profile.keys, profile.maps, [kind.name for kind in profile.kinds]):
        assert len(names) == len(set(names)) > 0
    assert len(profile.keys) <= 32
    assert [profile.key_bit(key) for key in profile.keys] == [1 << bit for bit in range(len(profile.keys))]


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_panels_lie_inside_the_window_and_one_of_them_frames_the_minimap(path: Path) -> None:
    profile = read(path)
    for part in (profile.minimap, *profile.panels):
        assert part.left >= 0 and part.left + part.width <= 1.0 + 1e-9
        assert part.top >= 0 and part.top + part.height <= 1.0 + 1e-9
    centre = (profile.minimap.left + profile.minimap.width / 2, profile.minimap.top + profile.minimap.height / 2)
    assert any(panel.contains(*centre) for panel in profile.panels)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_enemies_are_worth_more_the_stronger_they_are(path: Path) -> None:
    enemies = sorted((kind for kind in read(path).kinds if kind.role is Role.ENEMY), key=lambda kind: kind.strength)
    assert len(enemies) >= 8
    assert [enemy.value for enemy in enemies] == sorted(enemy.value for enemy in enemies)
    assert all(0 < enemy.strength <= 1 for enemy in enemies)


def test_a_key_that_the_game_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        read(PROFILES[0]).key_bit("f13")


def test_a_rectangle_contains_its_near_edges_and_not_its_far_ones() -> None:
    rectangle = Rectangle(left=0.25, top=0.5, width=0.25, height=0.25)
    assert rectangle.contains(0.25, 0.5)
    assert not rectangle.contains(0.5, 0.6)
    assert not rectangle.contains(0.3, 0.75)


GOOD = tomllib.loads((Path(understudy.worlds.__file__).parent / "profiles" / "darkorbit.toml").read_text("utf-8"))
IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "no width": ({"window_width": 0}, "window_width must lie between 1 and 16384, not 0"),
    "negative height": ({"window_height": -720}, "window_height must lie between 1 and 16384, not -720"),
    "40 keys": ({"keys": [f"k{number}" for number in range(40)]}, "keys may be at most 32, not 40"),
    "a key twice": ({"keys": ["a", "b", "a"]}, "keys must be distinct, and 'a' stands there twice"),
    "a map twice": ({"maps": ["1-1", "1-1"]}, "maps must be distinct"),
    "a kind twice": ({"kinds": GOOD["kinds"] * 2}, "the names of kinds must be distinct, and 'streuner'"),
    "a key without a name": ({"keys": [""]}, "keys must have 1 to 64 printable characters"),
    "a name that leaves the package": ({"name": "../../etc/x"}, "the name of a game also names files"),
    "another that does": ({"name": "C:x"}, "also names files"),
    "a name of the folder above": ({"name": ".."}, "also names files"),
    "a hidden name": ({"name": ".x"}, "also names files"),
    "no name": ({"name": ""}, "the name of a game must have 1 to 64 printable characters"),
    "a name that colours the terminal": ({"name": "\x1b[31mred"}, "1 to 64 printable characters"),
    "a title of two lines": ({"window_title": "a\nb"}, "window_title must have at most 256 printable"),
    "a rectangle that is no number": ({"minimap": {**GOOD["minimap"], "left": math.nan}}, "must lie inside the window"),
    "a rectangle without a size": ({"minimap": {**GOOD["minimap"], "width": 0}}, "must lie inside the window"),
    "a rectangle without an end": ({"panels": [{**GOOD["minimap"], "width": math.inf}]}, "must lie inside the window"),
    "a rectangle beside the window": ({"panels": [{**GOOD["minimap"], "top": 0.9}]}, "must lie inside the window"),
    "a kind without a number": ({"kinds": [{**GOOD["kinds"][0], "value": math.nan}]}, "the value of a kind"),
    "a kind of strength 2": ({"kinds": [{**GOOD["kinds"][0], "strength": 2}]}, "the strength of a kind must lie"),
    "too many panels": ({"panels": GOOD["panels"] * 251}, "panels may be at most 1000"),
}


@pytest.mark.parametrize(("change", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_profile_that_no_game_can_have_is_refused_with_its_place(change: dict[str, Any], says: str) -> None:
    with pytest.raises(WireError, match=says):
        from_plain(Profile, {**GOOD, **change})


def test_a_rectangle_may_end_where_the_window_ends_as_well_as_five_digits_can_say() -> None:
    assert Rectangle(left=0.66667, top=0.0, width=0.333331, height=1.0)


def test_thirty_two_keys_are_not_too_many() -> None:
    keys = tuple(f"k{number}" for number in range(32))
    assert from_plain(Profile, {**GOOD, "keys": keys}).key_bit("k31") == 1 << 31
    assert Kind(name="x" * 64, role=Role.OTHER)


def test_only_keys_of_the_game_can_click() -> None:
    plain = tomllib.loads(PROFILES[0].read_text(encoding="utf-8"))
    assert from_plain(Profile, {**plain, "click_keys": plain["keys"][:1]}).click_keys == (plain["keys"][0],)
    with pytest.raises((WireError, ValueError), match="click_keys"):
        from_plain(Profile, {**plain, "click_keys": ["hyperspace"]})


def test_the_wheel_is_a_key_of_the_game_and_no_click() -> None:
    plain = tomllib.loads(PROFILES[0].read_text(encoding="utf-8"))
    assert from_plain(Profile, plain).wheel == ()
    assert from_plain(Profile, {**plain, "keys": ["wheel_down", "space"], "switches": []}).wheel == ("wheel_down",)
    with pytest.raises((WireError, ValueError), match="wheel_up"):
        from_plain(Profile, {**plain, "keys": [*plain["keys"], "wheel_up"], "click_keys": ["wheel_up"]})


def test_the_vital_gauge_comes_first_wherever_it_is_declared() -> None:
    roles = (GaugeRole.DANGER, GaugeRole.STORE, GaugeRole.VITAL, GaugeRole.DANGER, GaugeRole.VITAL)
    gauges = tuple(Gauge(name=f"gauge_{place}", role=role) for place, role in enumerate(roles))
    assert replace(load_profile("darkorbit"), gauges=gauges).health_places == (2, 0, 3, 4)
    assert replace(load_profile("darkorbit"), gauges=gauges[:2]).health_places == (0,)
