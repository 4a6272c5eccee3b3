"""A discovery as a profile and as a data set of labelled pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.found_objects import made_up_boxes, made_up_discovery
from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Bar
from understudy.contract.serialization import read_toml
from understudy.contract.toml_writer import to_toml
from understudy.perception.discovery.discovered_profile import to_profile
from understudy.perception.discovery.edits import name_bar, name_kind, throw_away
from understudy.perception.discovery.yolo_labels import write_yolo
from understudy.worlds.catalog import load_profile


def test_a_profile_gets_kinds_roles_panels_and_the_bars_that_it_can_hold(tmp_path: Path) -> None:
    discovery = name_kind(made_up_discovery(), 0, "wasp")
    profile = to_profile(discovery, load_profile("darkorbit"))
    assert [(kind.name, kind.role) for kind in profile.kinds] == [
        ("wasp", Role.ENEMY),
        ("kind_1", Role.LOOT),
        ("kind_2", Role.OTHER),
    ]
    assert profile.panels == discovery.panels
    hp = profile.gauges[profile.gauge("hp")].reading
    assert hp is not None and hp.full == ((0, 200, 0),)
    (tmp_path / "game.toml").write_text(to_toml(profile))
    assert read_toml(Profile, tmp_path / "game.toml") == profile


def test_a_bar_of_any_direction_and_name_is_in_the_profile_and_goes_with_its_name() -> None:
    base = replace(load_profile("darkorbit"), gauges=())
    discovery = name_bar(made_up_discovery(), 1, "fuel", GaugeRole.STORE)
    profile = to_profile(discovery, base)
    assert [(gauge.name, gauge.role) for gauge in profile.gauges] == [
        ("hp", GaugeRole.VITAL),
        ("fuel", GaugeRole.STORE),
    ]
    fuel = profile.gauges[1].reading
    assert isinstance(fuel, Bar) and (fuel.fills, fuel.full) == ("up", ((0, 0, 200),))
    renamed = to_profile(name_bar(discovery, 1, "air"), profile)
    assert [(gauge.name, gauge.role) for gauge in renamed.gauges] == [
        ("hp", GaugeRole.VITAL),
        ("air", GaugeRole.PLAIN),
    ]
    assert [gauge.name for gauge in to_profile(name_bar(discovery, 1, "none"), profile).gauges] == ["hp"]


def test_a_discovery_without_kinds_makes_no_profile() -> None:
    discovery = made_up_discovery()
    for kind in discovery.kinds:
        discovery = throw_away(discovery, kind.id)
    with pytest.raises(FlagError, match="keep at least one"):
        to_profile(discovery, load_profile("darkorbit"))


def test_labelled_pictures_are_read_by_the_trainer(tmp_path: Path) -> None:
    from understudy.learning.detector.yolo_dataset import read_labelled

    discovery = throw_away(name_kind(made_up_discovery(), 1, "box: red"), 2)
    frame = np.zeros((72, 128, 3), np.uint8)
    count = write_yolo(tmp_path, discovery, made_up_boxes(), [(0, 1.0, frame), (0, 1.25, frame), (0, 1.5, frame)])
    pictures, names = read_labelled(tmp_path / "images", tmp_path / "labels", 72, 128)
    assert (count, names) == (3, ("kind_0", "box: red"))
    assert [one.kinds.tolist() for one in pictures] == [[0, 1], [], []]
    np.testing.assert_allclose(pictures[0].boxes[0], (0.5, 0.25, 0.05, 0.08), rtol=1e-5)
