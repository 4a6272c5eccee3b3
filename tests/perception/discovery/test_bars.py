"""A bar that nearly always is full is found by the few moments in which it is not."""

import numpy as np
import pytest

from tests.support.fly_game import BAR, HEIGHT, WIDTH, FlyGame
from understudy.contract.profile import Rectangle
from understudy.perception.discovery.bars import find_bars

WHOLE_WINDOW = (Rectangle(left=0.0, top=0.0, width=1.0, height=1.0),)


def pictures(healths: dict[int, float], num_frames: int = 60) -> np.ndarray:
    """Pictures of the game, 2.5 seconds apart; its bar is full but in the frames that are named."""
    game, frames = FlyGame(2), []
    for number in range(num_frames):
        for _ in range(5):
            game.step(0.5)
        game.health = healths.get(number, 1.0)
        frames.append(game.frame())
    return np.stack(frames)


def test_an_upright_bar_that_is_full_in_all_but_four_of_sixty_moments_is_found() -> None:
    (bar,) = find_bars(pictures({10: 0.45, 11: 0.6, 30: 0.5, 48: 0.4}), WHOLE_WINDOW)
    left, top, width, height = BAR
    assert (bar.fills, bar.suggested_gauge) == ("up", "hp")
    found = (bar.area.left * WIDTH, bar.area.top * HEIGHT, bar.area.width * WIDTH, bar.area.height * HEIGHT)
    assert found == pytest.approx((left, top, width, height), abs=2)


def test_what_walks_and_flies_past_is_no_bar_where_the_bar_never_moves() -> None:
    assert find_bars(pictures({}), WHOLE_WINDOW) == ()
