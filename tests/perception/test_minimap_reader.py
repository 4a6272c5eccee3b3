"""Which map the ship is on, read off the minimap."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.support.rendered_scenes import PROFILE, play
from understudy.perception.minimap_reader import MinimapReader
from understudy.perception.screen_regions import scale_of

MAPS = PROFILE.maps


@pytest.fixture(scope="module")
def pictures() -> dict[str, np.ndarray]:
    """One of each map, with the ship in its base."""
    return {name: next(play(0, 1, name))[0] for name in MAPS}


@pytest.mark.parametrize(("here", "there"), list(itertools.permutations(MAPS, 2)))
def test_after_a_jump_the_other_map_is_known(here: str, there: str, pictures: dict[str, np.ndarray]) -> None:
    """1-1 and 1-2 have a portal in the same corner: half of 1-1's two landmarks can still be seen on 1-2."""
    minimap, scale = MinimapReader(PROFILE), scale_of(PROFILE, pictures[here])
    assert minimap.read(pictures[here], scale, (0.5, 0.5)).map_index == MAPS.index(here)
    assert minimap.read(pictures[there], scale, (0.5, 0.5)).map_index == MAPS.index(there)


def test_a_map_is_kept_while_something_covers_half_of_its_landmarks(pictures: dict[str, np.ndarray]) -> None:
    minimap, picture = MinimapReader(PROFILE), pictures["1-1"].copy()
    scale = scale_of(PROFILE, picture)
    minimap.read(picture, scale, (0.5, 0.5))
    left, top, right, bottom = scale.edges(minimap._area)
    picture[top:bottom, (left + right) // 2 : right] = 0
    assert minimap.read(picture, scale, (0.5, 0.5)).map_index == 0
    picture[top:bottom, left:right] = 0
    assert minimap.read(picture, scale, (0.5, 0.5)).map_index == -1


def test_a_game_with_one_map_is_on_it_without_landmarks(pictures: dict[str, np.ndarray]) -> None:
    assert PROFILE.eye is not None
    only = replace(PROFILE, maps=("pond",), eye=replace(PROFILE.eye, maps=(), dots=()))
    scale = scale_of(PROFILE, pictures["1-1"])
    assert MinimapReader(only).read(pictures["1-1"], scale, (0.5, 0.5)).map_index == 0
    two = replace(only, maps=("pond", "lake"))
    assert MinimapReader(two).read(pictures["1-1"], scale, (0.5, 0.5)).map_index == -1
