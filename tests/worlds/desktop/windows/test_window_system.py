import threading
from collections.abc import Callable

import pytest

from tests.support.desktop_fixtures import HEIGHT, TITLE, WIDTH, PaperGame, hand
from understudy.contract.errors import WorldError
from understudy.worlds.desktop.platform import open_windows
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window

AREA = Area(left=100, top=50, width=200, height=80)


def test_pixels_and_fractions_of_an_area_are_each_others_inverse() -> None:
    for pixel in ((100, 50), (299, 129), (177, 93)):
        assert AREA.pixel(*AREA.fractions(*pixel).tolist()) == pixel


def test_a_place_outside_becomes_the_nearest_pixel_inside() -> None:
    assert AREA.pixel(-3.0, 1.0) == (100, 129)
    assert AREA.pixel(1.0, 0.0) == (299, 50)
    assert AREA.fractions(99, 50)[0] < 0


def test_corners_are_corners_and_edges_are_not() -> None:
    assert AREA.corner_at(100, 129, 2) and AREA.corner_at(298, 51, 2)
    assert not AREA.corner_at(100, 90, 2)
    assert not AREA.corner_at(200, 50, 2)


def test_an_area_that_sticks_out_is_not_covered() -> None:
    screen = Area(left=0, top=0, width=300, height=300)
    assert screen.covers(AREA)
    assert not Area(left=0, top=0, width=299, height=300).covers(AREA)


@pytest.mark.desktop
def test_a_window_is_found_by_its_title_and_where_it_is(
    open_game: Callable[..., PaperGame], windows: WindowSystem
) -> None:
    open_game()
    window = find_window(windows, TITLE)
    area = windows.area(window)
    assert area == Area(left=(1280 - WIDTH) // 2, top=(720 - HEIGHT) // 2, width=WIDTH, height=HEIGHT)
    assert windows.desktop().covers(area)
    assert find_window(windows, "paper") == window, "a part of the title does, if it is the only one"


@pytest.mark.desktop
def test_a_window_that_is_not_there_is_named_with_those_that_are(
    open_game: Callable[..., PaperGame], windows: WindowSystem
) -> None:
    open_game("The other game")
    with pytest.raises(WorldError, match=r"no window with the title 'Chess'.*The other game"):
        find_window(windows, "Chess")
    with pytest.raises(WorldError, match="without a title"):
        find_window(windows, " ")
    open_game("The other game")
    with pytest.raises(WorldError, match="2 windows"):
        find_window(windows, "other")


@pytest.mark.desktop
def test_a_window_under_another_is_neither_uppermost_nor_in_focus(
    open_game: Callable[..., PaperGame], windows: WindowSystem, screen: dict[str, str]
) -> None:
    open_game()
    window = find_window(windows, TITLE)
    middle = windows.area(window).pixel(0.5, 0.5)
    assert windows.has_focus(window) and windows.is_uppermost(window, *middle)
    assert not windows.is_uppermost(window, 5, 5), "not where it is not"
    open_game("Above", (200, 100))
    hand(screen, "mousemove", *middle, "click", 1)
    above = find_window(windows, "Above")
    assert windows.is_uppermost(above, *middle)
    assert not windows.is_uppermost(window, *middle)
    assert windows.has_focus(above) != windows.has_focus(window)


@pytest.mark.desktop
def test_a_closed_window_has_no_area(open_game: Callable[..., PaperGame], windows: WindowSystem) -> None:
    game = open_game()
    window = find_window(windows, TITLE)
    game.close()
    assert windows.area(window) is None
    assert not windows.is_uppermost(window, 640, 360)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_without_a_display_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(WorldError, match="DISPLAY is not set"):
        open_windows()
    monkeypatch.setenv("DISPLAY", ":7654")
    with pytest.raises(WorldError, match=":7654 cannot be reached"):
        open_windows()


@pytest.mark.desktop
def test_two_threads_may_ask_at_once(windows: WindowSystem) -> None:
    """A stop asks where to release a button while the game is looked at; python-xlib alone waits forever in that."""

    def ask() -> None:
        for _ in range(400):
            windows.desktop()
            windows.is_uppermost(1, 10, 10)
            windows.has_focus(1)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
