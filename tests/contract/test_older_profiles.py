"""Profiles, records and corrections of earlier versions, with named readings, are read as today's."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from understudy.contract.errors import WireError
from understudy.contract.game.older_profiles import upgrade_profile
from understudy.contract.game.older_records import OBSERVATION_3, upgrade_observations
from understudy.contract.game.readings import GaugeRole
from understudy.contract.profile import Profile
from understudy.contract.serialization import from_plain, to_plain
from understudy.recordings.migrations import migrate_columns
from understudy.worlds.catalog import load_profile

OLD = Path(__file__).parents[1] / "golden" / "data" / "fixtures" / "profiles" / "shipped_darkorbit.toml"
BAR = {
    "area": {"left": 0.1, "top": 0.1, "width": 0.2, "height": 0.01},
    "full": [[0, 255, 0]],
    "empty": [[0, 0, 0]],
}


def old(**eye: object) -> dict[str, object]:
    corner = {"left": 0.0, "top": 0.0, "width": 0.1, "height": 0.1}
    return {
        "name": "pond", "window_title": "Pond", "window_width": 400, "window_height": 300, "minimap": corner,
        "keys": ["space"], "kinds": [], "maps": ["pond"], "eye": eye,
    }  # fmt: skip


def test_the_shipped_profile_of_before_is_the_shipped_profile_of_today() -> None:
    upgraded = from_plain(Profile, tomllib.loads(OLD.read_text(encoding="utf-8")))
    assert upgraded == load_profile() and to_plain(upgraded) == to_plain(load_profile())


def test_named_bars_become_gauges_in_the_order_of_old_records() -> None:
    profile = from_plain(Profile, old(shield=BAR, shield_worth=0.5))
    names = [gauge.name for gauge in profile.gauges]
    assert names == ["hp", "shield", "rocket", "ammo_1", "ammo_2", "ammo_3", "ammo_4"]
    hp, shield = profile.gauges[:2]
    assert (hp.role, hp.reading) == (GaugeRole.VITAL, None)
    assert shield.reading is not None and shield.worth == 0.5
    assert profile.health_bars == ("shield",) and profile.shows_outcomes
    assert profile.switches[0].key is None, "this game has no key ctrl"


def test_a_profile_of_today_stays_as_it_is_and_old_entries_are_unknown_in_it() -> None:
    for plain in (old(), {**old(hp=BAR), "gauges": []}):
        assert upgrade_profile(plain) is plain
    assert from_plain(Profile, old()).gauges == ()
    with pytest.raises(WireError, match="unknown key 'hp'"):
        from_plain(Profile, {**old(hp=BAR), "gauges": []})


@pytest.mark.parametrize(
    "eye", [{"ammo": "full"}, {"ammo": [BAR] * 5}, {"overhead": [{"reading": "mana"}]}, {"overhead": [7]}, {"hp": 7}]
)
def test_a_damaged_old_profile_is_one_sentence(eye: dict[str, object]) -> None:
    with pytest.raises(WireError):
        from_plain(Profile, old(**eye))


def test_records_of_format_3_keep_every_reading() -> None:
    before = np.zeros(3, OBSERVATION_3)
    before["player"]["hp"], before["player"]["shield"], before["player"]["rocket_ready"] = 0.5, np.nan, 0.25
    before["player"]["ammo"], before["player"]["ammo_kind"] = (0.1, 0.2, 0.3, 0.4), 2
    before["player"]["laser_on"], before["player"]["x"], before["time_s"] = 1, 0.75, (1, 2, 3)
    before["tracks"]["hp"][:, 0], before["tracks"]["shield"][:, 0], before["tracks"]["age_ms"][:, 0] = 0.9, 0.8, 50
    now = upgrade_observations(before)
    wanted = np.array([0.5, np.nan, 0.25, 0.1, 0.2, 0.3, 0.4, np.nan], np.float32)
    np.testing.assert_array_equal(now["player"]["gauges"][1], wanted)
    assert (
        now["player"]["selectors"][:, 0].tolist() == [2, 2, 2]
        and now["player"]["switches"][0].tolist() == [1] + [0] * 7
    )
    assert now["player"]["x"].tolist() == [0.75] * 3 and now["time_s"].tolist() == [1, 2, 3]
    assert now["tracks"]["gauges"][2, 0].tolist() == pytest.approx([0.9, 0.8]) and now["tracks"]["age_ms"][0, 0] == 50


def test_columns_of_an_old_pickle_become_gauges_and_incomplete_ones_stay() -> None:
    player = dict.fromkeys(("hp", "shield", "rocket_ready", "ammo_kind", "laser_on"), np.ones(4, np.float32))
    columns = {f"observation.player.{name}": values for name, values in player.items()}
    columns["observation.player.ammo"] = np.full((4, 4), 0.5, np.float32)
    columns |= {f"observation.tracks.{name}": np.zeros((4, 20), np.float32) for name in ("hp", "shield")}
    upgraded = migrate_columns(columns, 3)
    assert upgraded["observation.player.gauges"][0, :7].tolist() == [1, 1, 1, 0.5, 0.5, 0.5, 0.5]
    assert upgraded["observation.tracks.gauges"].shape == (4, 20, 2)
    assert migrate_columns(columns, 4) is columns
    del columns["observation.player.ammo"]
    assert "observation.player.gauges" not in migrate_columns(columns, 3)
