"""What differs in colour alone is one thing where there are many of them, or where all are clicked alike.

What differs in size or speed stays apart.
"""

import numpy as np
import pytest

from understudy.perception.discovery.behaviour import Behaviour
from understudy.perception.discovery.colour_variants import FEW, MANY, unite_colour_variants
from understudy.perception.discovery.sightings import NUM_BINS, SIGHTING, Sightings
from understudy.perception.discovery.things import Thing

EACH = 20


def behaviour(speed: float, clicks: int) -> Behaviour:
    return Behaviour(
        num_sightings=EACH, side_px=20.0, clicks=clicks, chance=1.0, p_value=1e-6, residual_px=speed,
        motion_px=speed, persistence=0.9, spread_px=100.0, centred=0.0, after_press=0.0, vanish_share=1.0,
    )  # fmt: skip


def united(
    sides: list[float], speeds: list[float], things_are: bool = True, clicks: list[int] | None = None
) -> np.ndarray:
    """Group of each thing of these sides and speeds, after things of like shape are united."""
    clicks = clicks or [2] * len(sides)
    labels = np.repeat(np.arange(len(sides)), EACH)
    rows = [(0, n, 50.0, 50.0, side, side, 0.6 * side**2, 4, True) for side in sides for n in range(EACH)]
    sightings = Sightings(np.array(rows, SIGHTING), np.zeros((len(rows), NUM_BINS), np.float32))
    things = [
        Thing(group=group, behaviour=behaviour(speed, clicks[group]), whole=labels == group, width=side, height=side,
              is_thing=things_are)
        for group, (side, speed) in enumerate(zip(sides, speeds, strict=True))
    ]  # fmt: skip
    return unite_colour_variants(labels, sightings, things)[::EACH]


def test_many_moving_things_of_one_shape_are_one() -> None:
    assert united([12.0] * MANY, [8.0] * MANY).tolist() == [0] * MANY


def test_few_things_of_one_shape_that_are_rarely_clicked_stay_apart() -> None:
    assert united([12.0] * (MANY - 1), [8.0] * (MANY - 1)).tolist() == list(range(MANY - 1))


@pytest.mark.parametrize("clicks", [[12, 9, 14], [20, 31, 27, 24, 18]])
def test_few_things_of_one_shape_that_are_clicked_alike_are_one(clicks: list[int]) -> None:
    count = len(clicks)
    assert united([12.0] * count, [8.0] * count, clicks=clicks).tolist() == [0] * count


def test_few_things_of_which_one_is_clicked_more_or_less_stay_apart() -> None:
    assert united([12.0] * 4, [8.0] * 4, clicks=[25, 22, 28, 2]).tolist() == [0, 0, 0, 1]
    assert united([12.0] * 3, [8.0] * 3, clicks=[40, 15, 12]).tolist() == [0, 1, 2]


def test_two_things_that_are_clicked_alike_stay_apart() -> None:
    assert united([12.0] * (FEW - 1), [8.0] * (FEW - 1), clicks=[20] * (FEW - 1)).tolist() == [0, 1]


@pytest.mark.parametrize(("side", "speed"), [(24.0, 8.0), (12.0, 16.0)])
def test_what_is_larger_or_faster_stays_apart(side: float, speed: float) -> None:
    assert united([side, *[12.0] * MANY], [speed, *[8.0] * MANY]).tolist() == [0, *[1] * MANY]


def test_what_is_no_thing_or_lies_still_stays_apart() -> None:
    assert united([12.0] * MANY, [8.0] * MANY, things_are=False).tolist() == list(range(MANY))
    assert united([12.0] * MANY, [1.0] * MANY).tolist() == list(range(MANY))
