"""The rules as data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.contract.errors import WireError, WorldError
from understudy.contract.observation import Role
from understudy.contract.serialization import read_toml
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.game_data import DATA, Aliens, Maps, Ship

PROFILE = load_profile("darkorbit")


def test_every_enemy_of_the_profile_has_rules_and_grows_stronger_with_its_value() -> None:
    aliens = read_toml(Aliens, DATA / "aliens.toml").aliens
    enemies = [kind for kind in PROFILE.kinds if kind.role is Role.ENEMY]
    assert [alien.name for alien in aliens] == [kind.name for kind in enemies]
    assert len(aliens) >= 8
    for key in ("hull", "shield"):
        assert sorted(getattr(alien, key) for alien in aliens) == [getattr(alien, key) for alien in aliens]
    assert sorted(kind.value for kind in enemies) == [kind.value for kind in enemies]


def test_maps_grow_more_dangerous() -> None:
    maps = read_toml(Maps, DATA / "maps.toml").maps
    strength = {kind.name: kind.strength for kind in PROFILE.kinds}
    mean = [
        np.mean([strength[name] for field in plan.fields for name, count in field.aliens.items() for _ in range(count)])
        for plan in maps
    ]
    assert [plan.name for plan in maps] == list(PROFILE.maps)
    assert mean == sorted(mean)


def test_every_portal_leads_to_one_that_leads_back() -> None:
    rules = compile_rules(PROFILE)[0]
    for m in range(rules["num_maps"]):
        for p in range(rules["num_portals"][m]):
            to, out = rules["portal_to"][m, p], rules["portal_exit"][m, p]
            assert rules["portal_to"][to, out] == m


def test_seconds_become_ticks() -> None:
    rules = compile_rules(PROFILE, Ship(rocket_reload_s=2.5))[0]
    assert rules["rocket_reload_s"] == 50
    assert rules["alien_reload"][0] == 30


def test_an_unknown_key_in_the_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "aliens.toml"
    path.write_text((DATA / "aliens.toml").read_text().replace("sight =", "eyesight =", 1))
    with pytest.raises(WireError, match="unknown key 'eyesight'"):
        read_toml(Aliens, path)


def test_the_profile_of_another_game_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(WorldError, match="of another game: it needs kristallon, bonus_box, cargo_box, portal, base"):
        compile_rules(replace(PROFILE, kinds=PROFILE.kinds[:9]))
    with pytest.raises(WorldError, match="it needs j; use the profile darkorbit"):
        compile_rules(replace(PROFILE, keys=PROFILE.keys[:6]))
    with pytest.raises(WorldError, match="it needs fewer kinds and panels"):
        compile_rules(replace(PROFILE, panels=PROFILE.panels * 3))
