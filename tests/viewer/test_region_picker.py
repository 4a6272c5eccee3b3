"""Pointing at places in a picture gives what would have been typed."""

import pygame
import pytest

from understudy.viewer.region_picker import Picking, _take


def test_a_rectangle_is_drawn_from_any_corner_and_scaled_to_the_picture() -> None:
    picking = Picking(2.0)
    picking.press((30, 40))
    picking.release((10, 20))
    assert (picking.done, picking.answer) == (True, "20 40 60 80")


def test_a_slip_without_a_size_is_no_rectangle() -> None:
    picking = Picking(1.0)
    picking.press((5, 5))
    picking.release((6, 5))
    assert not picking.done


def test_a_bar_needs_a_click_where_its_filled_part_ends() -> None:
    picking = Picking(1.0, fill=True)
    picking.press((100, 10))
    picking.release((200, 20))
    picking.enter()
    assert not picking.done and "filled part" in picking.hint
    picking.press((140, 15))
    assert picking.answer == "100 10 200 20 40.0"


def test_several_rectangles_end_with_enter() -> None:
    picking = Picking(1.0, several=True)
    for left in (0, 50):
        picking.press((left, 0))
        picking.release((left + 10, 10))
    assert not picking.done
    picking.enter()
    assert picking.answer == "0 0 10 10; 50 0 60 10"


def test_a_point_is_one_click() -> None:
    picking = Picking(1.5, point=True)
    picking.press((10, 20))
    assert picking.answer == "15 30"


def test_a_closed_window_is_no_answer_and_ends_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        _take(Picking(1.0), pygame.event.Event(pygame.QUIT), (400, 300))


def test_nothing_pointed_at_is_no_answer() -> None:
    picking = Picking(1.0)
    picking.enter()
    assert (picking.done, picking.answer) == (True, None)
