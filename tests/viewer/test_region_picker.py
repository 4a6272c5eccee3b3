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
    selection = RegionSelection(1.0, "bar")
    selection.press((100, 10))
    selection.release((200, 20))
    selection.enter()
    assert not selection.done and "filled part" in selection.hint
    selection.press((140, 15))
    assert selection.answer == "100 10 200 20 40.0"


@pytest.mark.parametrize(
    ("corner", "click", "right", "answer"),
    [
        ((200, 20), (140, 15), True, "100 10 200 20 60.0 left"),
        ((110, 110), (105, 40), False, "100 10 110 110 70.0 up"),
        ((110, 110), (105, 40), True, "100 10 110 110 30.0 down"),
    ],
)
def test_a_bar_that_fills_from_another_end_is_pointed_at_too(
    corner: tuple[int, int], click: tuple[int, int], right: bool, answer: str
) -> None:
    selection = RegionSelection(1.0, "bar")
    selection.press((100, 10))
    selection.release(corner)
    selection.press(click, right=right)
    assert selection.answer == answer


def test_an_end_screen_is_a_rectangle_and_perhaps_a_click() -> None:
    clicked, watched = RegionSelection(2.0, "end"), RegionSelection(2.0, "end")
    for selection in (clicked, watched):
        selection.press((10, 10))
        selection.release((60, 40))
        assert not selection.done
    clicked.press((30, 35))
    watched.enter()
    assert (clicked.answer, watched.answer) == ("20 20 120 80 60 70", "20 20 120 80")


def test_what_is_proposed_is_taken_by_enter_and_replaced_by_drawing() -> None:
    taken, drawn = (RegionSelection(1.0, rectangles=[(5.0, 6.0, 70.0, 80.0)]) for _ in range(2))
    taken.enter()
    drawn.press((1, 1))
    drawn.release((50, 50))
    assert (taken.answer, drawn.answer) == ("5 6 70 80", "1 1 50 50")


def test_several_rectangles_end_with_enter() -> None:
    selection = RegionSelection(1.0, "areas")
    for left in (0, 50):
        selection.press((left, 0))
        selection.release((left + 10, 10))
    assert not selection.done
    selection.enter()
    assert selection.answer == "0 0 10 10; 50 0 60 10"


def test_a_point_is_one_click() -> None:
    selection = RegionSelection(1.5, "point")
    selection.press((10, 20))
    assert selection.answer == "15 30"


def test_a_closed_window_is_no_answer_and_ends_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        _handle_event(RegionSelection(1.0), pygame.event.Event(pygame.QUIT), (400, 300))


def test_nothing_pointed_at_is_no_answer() -> None:
    selection = RegionSelection(1.0)
    selection.enter()
    assert (selection.done, selection.answer) == (True, None)
