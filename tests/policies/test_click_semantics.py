"""Where a click lands, on any game's window."""

import dataclasses

import pytest

from tests.support.policy_scenes import PROFILE, plain_profile, put, quiet_space
from understudy.contract.errors import WorldError
from understudy.contract.observation import Observation, Role
from understudy.contract.profile import Kind, Profile, Rectangle
from understudy.policies.click_semantics import (
    MAX_KEYS,
    MAX_KINDS,
    MAX_PANELS,
    ClickKind,
    classify_click,
    distance,
    geometry_of,
    known_kind,
    slot_of,
    to_map,
    to_window,
)

GEOMETRY = geometry_of(PROFILE)
MINIMAP = PROFILE.minimap


def scene() -> Observation:
    observation = quiet_space()
    put(observation, 0, "streuner", 0.60, 0.40)
    put(observation, 1, "bonus_box", 0.62, 0.40)
    return observation


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.60, 0.40, (ClickKind.TRACK, 0)),
        (0.62, 0.40, (ClickKind.TRACK, 1)),
        (0.60, 0.449, (ClickKind.TRACK, 0)),  # below the box, within the margin
        (0.60, 0.46, (ClickKind.SPACE, -1)),
        (0.40, 0.40, (ClickKind.SPACE, -1)),
        (0.05, 0.05, (ClickKind.NOTHING, -1)),
        (MINIMAP.left + 0.25 * MINIMAP.width, MINIMAP.top + 0.25 * MINIMAP.height, (ClickKind.LANDMARK, 0)),
        (MINIMAP.left + 0.27 * MINIMAP.width, MINIMAP.top + 0.27 * MINIMAP.height, (ClickKind.LANDMARK, 0)),
        (MINIMAP.left + 0.35 * MINIMAP.width, MINIMAP.top + 0.25 * MINIMAP.height, (ClickKind.MINIMAP, -1)),
        (MINIMAP.left - 0.003, MINIMAP.top + 0.05, (ClickKind.NOTHING, -1)),  # the minimap's frame is a panel
    ],
)
def test_a_click_means_what_is_under_it(x: float, y: float, expected: tuple[ClickKind, int]) -> None:
    assert classify_click(scene().records[0], GEOMETRY, x, y) == expected


def test_the_minimap_lies_over_its_panel_and_a_panel_over_the_objects() -> None:
    observation = quiet_space()
    put(observation, 0, "streuner", 0.05, 0.05)
    assert classify_click(observation.records[0], GEOMETRY, 0.05, 0.05)[0] == ClickKind.NOTHING


def test_map_and_window_are_each_others_inverse() -> None:
    assert to_map(GEOMETRY, *to_window(GEOMETRY, 0.3, 0.8)) == pytest.approx((0.3, 0.8), abs=1e-6)
    assert to_window(GEOMETRY, 0.0, 1.0) == pytest.approx((MINIMAP.left, MINIMAP.top + MINIMAP.height))


def test_distances_are_in_window_widths_whatever_the_windows_proportions() -> None:
    for profile, aspect in ((PROFILE, 9 / 16), (plain_profile(), 3 / 4)):
        geometry = geometry_of(profile)
        assert distance(geometry, 0.3, 0.0) == pytest.approx(0.3)
        assert distance(geometry, 0.0, 0.4) == pytest.approx(0.4 * aspect)


def test_an_object_is_found_by_its_id_and_empty_slots_by_none() -> None:
    record = scene().records[0]
    assert [slot_of(record, number) for number in (100, 101, 55, 0)] == [0, 1, -1, -1]


def test_kinds_that_no_table_knows_are_brought_into_it() -> None:
    assert [known_kind(kind) for kind in (-3, 0, 31, 32, 900)] == [0, 0, 31, MAX_KINDS - 1, MAX_KINDS - 1]


@pytest.mark.parametrize(
    ("profile", "what"),
    [
        (dataclasses.replace(PROFILE, keys=tuple("abcdefghi")), f"9 keys and the policies have places for {MAX_KEYS}"),
        (
            dataclasses.replace(
                PROFILE, kinds=tuple(Kind(name=f"it{i}", role=Role.ENEMY) for i in range(MAX_KINDS + 1))
            ),
            "kinds of object",
        ),
        (
            dataclasses.replace(
                PROFILE, panels=(Rectangle(left=0.0, top=0.0, width=0.1, height=0.1),) * (MAX_PANELS + 1)
            ),
            "panels",
        ),
    ],
)
def test_a_game_with_more_than_the_policies_can_hold_is_refused(profile: Profile, what: str) -> None:
    with pytest.raises(WorldError, match=what):
        geometry_of(profile)
