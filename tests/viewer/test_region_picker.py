"""Pointing at places in a picture gives what would have been typed."""

import numpy as np
import pygame
import pytest

from understudy.contract.errors import WorldError
from understudy.viewer.region_picker import STRIP, RegionSelection, _handle_event, pick, shown_size


def test_a_rectangle_is_drawn_from_any_corner_and_scaled_to_the_picture() -> None:
    selection = RegionSelection((2.0, 2.0))
    selection.press((30, 40))
    selection.release((10, 20))
    assert not selection.done
    selection.enter()
    assert (selection.done, selection.answer) == (True, "20 40 60 80")


def test_a_slip_without_a_size_is_no_rectangle() -> None:
    selection = RegionSelection((1.0, 1.0))
    selection.press((5, 5))
    selection.release((6, 5))
    assert not selection.done


def test_a_bar_needs_a_click_where_its_filled_part_ends() -> None:
    selection = RegionSelection((1.0, 1.0), "bar")
    selection.press((100, 10))
    selection.release((200, 20))
    selection.enter()
    assert not selection.done and "filled part" in selection.hint
    selection.press((140, 15))
    selection.enter()
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
    selection = RegionSelection((1.0, 1.0), "bar")
    selection.press((100, 10))
    selection.release(corner)
    selection.press(click, right=right)
    selection.enter()
    assert selection.answer == answer


def test_an_end_screen_is_a_rectangle_and_perhaps_a_click() -> None:
    clicked, watched = RegionSelection((2.0, 2.0), "end"), RegionSelection((2.0, 2.0), "end")
    for selection in (clicked, watched):
        selection.press((10, 10))
        selection.release((60, 40))
        assert not selection.done
    clicked.press((30, 35))
    clicked.enter()
    watched.enter()
    assert (clicked.answer, watched.answer) == ("20 20 120 80 60 70", "20 20 120 80")


def test_what_is_proposed_is_taken_by_enter_and_replaced_by_drawing() -> None:
    taken, drawn = (RegionSelection((1.0, 1.0), rectangles=[(5.0, 6.0, 70.0, 80.0)]) for _ in range(2))
    taken.enter()
    drawn.press((1, 1))
    drawn.release((50, 50))
    drawn.enter()
    assert (taken.answer, drawn.answer) == ("5 6 70 80", "1 1 50 50")


def test_several_rectangles_end_with_enter() -> None:
    selection = RegionSelection((1.0, 1.0), "areas")
    for left in (0, 50):
        selection.press((left, 0))
        selection.release((left + 10, 10))
    assert not selection.done
    selection.enter()
    assert selection.answer == "0 0 10 10; 50 0 60 10"


def test_a_point_is_one_click() -> None:
    selection = RegionSelection((1.5, 1.5), "point")
    selection.press((10, 20))
    selection.enter()
    assert selection.answer == "15 30"


def test_what_is_wrong_is_taken_back_before_enter_takes_it() -> None:
    selection = RegionSelection((1.0, 1.0), "bar")
    for corner in ((90, 90), (200, 20)):
        selection.press((100, 10))
        selection.release(corner)
        selection.press((140, 15), right=corner == (90, 90))
        if corner == (90, 90):
            selection.take_back()
            assert selection.mark is None
            selection.take_back()
            assert selection.rectangles == []
    selection.enter()
    assert selection.answer == "100 10 200 20 40.0"


def test_of_several_rectangles_the_last_is_taken_back() -> None:
    selection = RegionSelection((1.0, 1.0), "areas", rectangles=[(0.0, 0.0, 10.0, 10.0), (1.0, 1.0, 5.0, 5.0)])
    selection.take_back()
    selection.enter()
    assert selection.answer == "0 0 10 10"


def test_a_rectangle_drawn_beyond_the_picture_ends_at_its_edge() -> None:
    selection, size = RegionSelection((2001 / 1201, 1500 / 900)), (1201, 900)
    for kind, place in ((pygame.MOUSEBUTTONDOWN, (600, 450)), (pygame.MOUSEBUTTONUP, (-50, -50))):
        _handle_event(selection, pygame.event.Event(kind, pos=place, button=pygame.BUTTON_LEFT), size)
    selection.enter()
    assert selection.answer == "0 0 1000 750"
    selection = RegionSelection((2001 / 1201, 1500 / 900))
    for kind, place in ((pygame.MOUSEBUTTONDOWN, (600, 450)), (pygame.MOUSEBUTTONUP, (1300, 930))):
        _handle_event(selection, pygame.event.Event(kind, pos=place, button=pygame.BUTTON_LEFT), size)
    selection.enter()
    assert selection.answer == "1000 750 2001 1500"


def test_no_click_is_taken_beside_the_picture() -> None:
    selection = RegionSelection((1.0, 1.0), "point")
    press = pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(50, 320), button=pygame.BUTTON_LEFT)
    _handle_event(selection, press, (400, 300))
    assert selection.mark is None


@pytest.mark.parametrize("picture", [(3840, 2160), (1366, 768), (2001, 1500), (300, 2000), (200, 150), (1, 1)])
@pytest.mark.parametrize("screen", [(1366, 768), (1024, 600), (1920, 1080)])
def test_the_window_fits_on_the_screen(picture: tuple[int, int], screen: tuple[int, int]) -> None:
    width, height = shown_size(picture, screen)
    assert 1 <= width <= screen[0] and 1 <= height + STRIP <= screen[1]


def test_a_small_picture_is_magnified_and_a_large_one_keeps_its_shape() -> None:
    assert shown_size((200, 150), (1920, 1080)) == (600, 450)
    assert shown_size((800, 600), (1920, 1080)) == (800, 600)
    assert shown_size((3840, 2160), (1366, 768))[1] == pytest.approx(768 - 96 - STRIP, abs=1)


def test_a_key_counts_when_it_is_released_so_that_one_held_answers_one_question() -> None:
    selection = RegionSelection((1.0, 1.0))
    _handle_event(selection, pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE), (400, 300))
    assert not selection.done
    _handle_event(selection, pygame.event.Event(pygame.KEYUP, key=pygame.K_ESCAPE), (400, 300))
    assert (selection.done, selection.answer) == (True, None)


def test_without_a_display_one_sentence_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    pygame.display.quit()
    with pytest.raises(WorldError, match=r"there is no display .without --window places are typed"):
        pick(np.zeros((30, 40, 3), np.uint8), "Where?", "area")


def test_a_closed_window_is_no_answer_and_ends_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        _handle_event(RegionSelection((1.0, 1.0)), pygame.event.Event(pygame.QUIT), (400, 300))


def test_enter_alone_is_no_answer_and_leaving_out_is_none() -> None:
    selection = RegionSelection((1.0, 1.0))
    selection.enter()
    assert not selection.done
    selection.leave_out()
    assert (selection.done, selection.answer) == (True, None)
