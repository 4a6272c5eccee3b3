"""What hangs on a thing, or keeps to its sides, is none; the thing is one, however often its name plate is clicked."""

import numpy as np

from understudy.perception.discovery.behaviour import Behaviour
from understudy.perception.discovery.sightings import NUM_BINS, SIGHTING, Sightings
from understudy.perception.discovery.things import find_things

WIDTH, NUM_FRAMES = 640, 60
ALIEN, PLATE, OTHER_ALIEN = range(3)


def behaviour(num_sightings: int, p_value: float, side_px: float = 20.0) -> Behaviour:
    return Behaviour(
        num_sightings=num_sightings, side_px=side_px, clicks=10, chance=1.0, p_value=p_value, residual_px=9.0,
        motion_px=9.0, persistence=0.9, spread_px=100.0, centred=0.0, after_press=0.0, vanish_share=1.0,
    )  # fmt: skip


def test_a_kind_whose_name_plate_is_clicked_more_often_than_itself_is_still_a_thing() -> None:
    random, rows, labels = np.random.default_rng(0), [], []
    for frame in range(NUM_FRAMES):
        places = random.uniform(100, 250, (2, 2)) + np.array([(0, 0), (280, 0)])
        for alien, (x, y) in zip((ALIEN, OTHER_ALIEN), places.tolist(), strict=True):
            for group, down, width, height in ((alien, 0, 20, 20), (PLATE, -22, 40, 10)):
                rows.append((0, frame, x, y + down, width, height, width * height, 4, True))
                labels.append(group)
    sightings = Sightings(np.array(rows, SIGHTING), np.zeros((len(rows), NUM_BINS), np.float32))
    behaviours = [behaviour(60, 1e-6), behaviour(120, 1e-4), behaviour(60, 1e-3)]
    things = find_things(sightings, np.array(labels), behaviours, WIDTH)
    assert {thing.group: thing.is_thing for thing in things} == {ALIEN: True, PLATE: False, OTHER_ALIEN: True}


def around(beside: bool) -> dict[int, bool]:
    """Which of an alien and a small group are things; the small group is around the alien, or anywhere."""
    random, rows, labels = np.random.default_rng(1), [], []
    for frame in range(NUM_FRAMES):
        x, y = random.uniform(60, 580), random.uniform(60, 300)
        turn = random.uniform(0, 2 * np.pi)
        arc = (x + 22 * np.cos(turn), y + 22 * np.sin(turn)) if beside else random.uniform((20, 20), (620, 340))
        for group, place, side in ((0, (x, y), 30), (1, arc, 12)):
            rows.append((0, frame, *place, side, side, side * side, 4, True))
            labels.append(group)
    sightings = Sightings(np.array(rows, SIGHTING), np.zeros((len(rows), NUM_BINS), np.float32))
    behaviours = [behaviour(60, 1e-3, 30.0), behaviour(60, 1e-9, 12.0)]
    return {thing.group: thing.is_thing for thing in find_things(sightings, np.array(labels), behaviours, WIDTH)}


def test_what_turns_around_a_larger_thing_is_none_however_surely_it_is_clicked() -> None:
    assert around(beside=True) == {0: True, 1: False}
    assert around(beside=False) == {0: True, 1: True}
