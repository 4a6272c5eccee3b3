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


def test_ground_that_something_passes_over_now_and_then_is_no_bar() -> None:
    frames = np.full((60, HEIGHT, WIDTH, 3), (152, 178, 160), np.uint8)
    for number, left in zip((5, 6, 30, 31, 50, 51), (64, 64, 68, 68, 68, 68), strict=True):
        frames[number, 100:106, left : left + 12] = (20, 20, 24)
    assert find_bars(frames, WHOLE_WINDOW) == ()


def test_a_bar_without_a_border_is_found_over_ground_of_another_colour() -> None:
    frames = np.full((60, HEIGHT, WIDTH, 3), (52, 78, 60), np.uint8)
    frames[:, 100:106, 60:140] = (220, 20, 20)
    for number, level in {5: 0.5, 6: 0.7, 30: 0.4, 50: 0.6}.items():
        frames[number, 100:106, 60 + round(80 * level) : 140] = (20, 20, 24)
    (bar,) = find_bars(frames, WHOLE_WINDOW)
    assert bar.fills == "right" and bar.area.width * WIDTH == pytest.approx(80, abs=2)
