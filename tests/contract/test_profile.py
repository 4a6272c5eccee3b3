"""Every game profile that comes with the project holds together."""

from pathlib import Path

import pytest

import understudy.worlds
from understudy.contract.observation import Role
from understudy.contract.profile import Profile, Rectangle
from understudy.contract.serialization import from_json, read_toml, to_json

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
