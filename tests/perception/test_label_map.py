"""A detector's names as the game's kinds."""

import logging
from dataclasses import replace

import pytest

from understudy.contract.errors import CheckpointError
from understudy.contract.observation import Role
from understudy.contract.profile import Kind
from understudy.contract.screen_layout import Screen
from understudy.perception.label_map import confidences_of_labels, kinds_of_labels
from understudy.worlds.catalog import load_profile

PROFILE = load_profile()
KINDS = [kind.name for kind in PROFILE.kinds]


def with_classes(**classes: str):  # type: ignore[no-untyped-def]
    return replace(PROFILE, eye=Screen(classes=classes))


def test_writing_a_name_another_way_makes_no_difference() -> None:
    labels = kinds_of_labels(("Bonus Box", "LORDAKIA", "cargo-box"), PROFILE)
    assert [KINDS[label] for label in labels] == ["bonus_box", "lordakia", "cargo_box"]


def test_the_profile_gives_other_names_their_kinds() -> None:
    labels = kinds_of_labels(("npc_small", "portal"), with_classes(npc_small="streuner"))
    assert [KINDS[label] for label in labels] == ["streuner", "portal"]


def test_other_players_are_told_of_once_a_profile_has_a_kind_for_them() -> None:
    assert kinds_of_labels(("streuner", "enemy_player", "own_ship"), PROFILE).tolist() == [
        KINDS.index("streuner"),
        -1,
        -1,
    ]
    ship = Kind(name="other_ship", role=Role.PLAYER, value=0.0, strength=0.6)
    assert PROFILE.eye is not None
    eye = replace(PROFILE.eye, classes={**PROFILE.eye.classes, "enemy_player": "other_ship"})
    profile = replace(PROFILE, kinds=(*PROFILE.kinds, ship), eye=eye)
    assert kinds_of_labels(("streuner", "enemy_player", "own_ship"), profile).tolist()[1:] == [len(KINDS), -1]


def test_an_unknown_class_is_told_of_and_one_that_was_dropped_is_not(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        labels = kinds_of_labels(("portal", "tree", "cloud"), with_classes(cloud=""))
    assert labels[1:].tolist() == [-1, -1]
    assert "tree" in caplog.text
    assert "cloud" not in caplog.text


def test_weights_of_another_game_are_refused() -> None:
    with pytest.raises(CheckpointError, match="knows nothing"):
        kinds_of_labels(("person", "bicycle"), PROFILE)


def test_a_profile_that_maps_to_what_it_does_not_have_is_refused() -> None:
    with pytest.raises(CheckpointError, match="none of its kinds"):
        kinds_of_labels(("a",), with_classes(a="dragon"))


def test_the_names_of_the_real_game_are_known() -> None:
    names = ("Streuner", "boss_streuner", "-=[ Lordakium ]=-", "BonusBox", "box_cargo", "gate", "player_ship")
    labels = kinds_of_labels(names, PROFILE)
    assert [KINDS[label] if label >= 0 else "" for label in labels] == [
        "streuner",
        "streuner",
        "lordakium",
        "bonus_box",
        "cargo_box",
        "portal",
        "",
    ]


def test_a_class_may_have_a_confidence_of_its_own_by_its_name_or_its_kind() -> None:
    screen = replace(PROFILE.eye or Screen(), classes={"gate": "portal"}, confidences={"Portal": 0.1, "streuner": 0.5})
    found = confidences_of_labels(("gate", "streuner", "base"), replace(PROFILE, eye=screen))
    assert found.tolist() == pytest.approx([0.1, 0.5, screen.confidence])
    with pytest.raises(ValueError, match="confidences must lie between 0 and 1"):
        Screen(confidences={"streuner": 1.0})
