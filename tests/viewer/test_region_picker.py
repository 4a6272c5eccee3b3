"""Pointing at places in a picture gives what would have been typed."""

import pygame
import pytest

from understudy.viewer.region_picker import RegionSelection, _handle_event


def test_a_rectangle_is_drawn_from_any_corner_and_scaled_to_the_picture() -> None:
    selection = RegionSelection(2.0)
    selection.press((30, 40))
    selection.release((10, 20))
    assert (selection.done, selection.answer) == (True, "20 40 60 80")


def test_a_slip_without_a_size_is_no_rectangle() -> None:
    selection = RegionSelection(1.0)
    selection.press((5, 5))
    selection.release((6, 5))
    assert not selection.done


def test_a_bar_needs_a_click_where_its_filled_part_ends() -> None:
    selection = RegionSelection(1.0, fill=True)
    selection.press((100, 10))
    selection.release((200, 20))
    selection.enter()
    assert not selection.done and "filled part" in selection.hint
    selection.press((140, 15))
    assert selection.answer == "100 10 200 20 40.0"


def test_several_rectangles_end_with_enter() -> None:
    selection = RegionSelection(1.0, several=True)
    for left in (0, 50):
        selection.press((left, 0))
        selection.release((left + 10, 10))
    assert not selection.done
    selection.enter()
    assert selection.answer == "0 0 10 10; 50 0 60 10"


def test_a_point_is_one_click() -> None:
    selection = RegionSelection(1.5, point=True)
    selection.press((10, 20))
    assert selection.answer == "15 30"


def test_a_closed_window_is_no_answer_and_ends_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        _handle_event(RegionSelection(1.0), pygame.event.Event(pygame.QUIT), (400, 300))


def test_nothing_pointed_at_is_no_answer() -> None:
    selection = RegionSelection(1.0)
    selection.enter()
    assert (selection.done, selection.answer) == (True, None)
