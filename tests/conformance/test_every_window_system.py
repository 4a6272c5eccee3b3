"""Each window system tells the same of one desktop: X11 really, Windows and macOS by fakes of what is documented."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol

import pytest

from tests.support.desktop_fixtures import PaperGame
from tests.support.fake_quartz import FakeMacDesktop, FakeMacWindow, fake_application_services, fake_quartz, menu_over
from tests.support.fake_win32 import FakeDesktop, FakeWindow
from understudy.contract.errors import WorldError
from understudy.worlds.desktop.desktop_checks import Severity, check_obstacle
from understudy.worlds.desktop.platform import open_windows
from understudy.worlds.desktop.windows.target_window import TargetWindow
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window

SIZE = (400, 300)


class Desk(Protocol):
    """A desktop on which windows can be opened and closed."""

    def open(self, title: str, size: tuple[int, int] = SIZE) -> None:
        """Opens a window in front of the others, in the middle."""

    def close(self, title: str) -> None:
        """Closes it."""


class X11Desk:
    """Real programs on a display."""

    def __init__(self, start: Callable[..., PaperGame]) -> None:
        self._start, self._games = start, dict[str, PaperGame]()

    def open(self, title: str, size: tuple[int, int] = SIZE) -> None:
        self._games[title] = self._start(title, size)

    def close(self, title: str) -> None:
        self._games[title].close()


def middle(size: tuple[int, int]) -> Area:
    return Area(left=640 - size[0] // 2, top=360 - size[1] // 2, width=size[0], height=size[1])


class Win32Desk:
    """Windows as user32 shows them."""

    def __init__(self) -> None:
        self.desktop = FakeDesktop()

    def open(self, title: str, size: tuple[int, int] = SIZE) -> None:
        self.desktop.add(FakeWindow(title, middle(size)))

    def close(self, title: str) -> None:
        self.desktop.order.remove(self.number(title))

    def number(self, title: str) -> int:
        return next(number for number, window in self.desktop.windows.items() if window.title == title)


class QuartzDesk:
    """Windows as Quartz shows them."""

    def __init__(self) -> None:
        self.desktop = FakeMacDesktop()

    def open(self, title: str, size: tuple[int, int] = SIZE) -> None:
        self.desktop.add(FakeMacWindow(title, middle(size)))

    def close(self, title: str) -> None:
        number = next(number for number, window in self.desktop.windows.items() if window.title == title)
        self.desktop.order.remove(number)


@pytest.fixture
def start_program(desktop_environment: dict[str, str]) -> Iterator[Callable[..., PaperGame]]:
    games: list[PaperGame] = []

    def start(title: str, size: tuple[int, int]) -> PaperGame:
        games.append(PaperGame(desktop_environment, title, size))
        return games[-1]

    yield start
    for game in games:
        game.close()


def win32_windows(desktop: FakeDesktop) -> WindowSystem:
    from understudy.worlds.desktop.windows.win32_windows import Win32Libraries, Win32Windows

    return Win32Windows(Win32Libraries(desktop.user32, desktop.kernel32, desktop.advapi32, desktop.shell32))


def quartz_windows(desktop: FakeMacDesktop, monkeypatch: pytest.MonkeyPatch) -> WindowSystem:
    monkeypatch.setitem(sys.modules, "Quartz", fake_quartz(desktop))
    monkeypatch.setitem(sys.modules, "ApplicationServices", fake_application_services(desktop))
    monkeypatch.delitem(sys.modules, "understudy.worlds.desktop.windows.quartz_windows", raising=False)
    from understudy.worlds.desktop.windows.quartz_windows import QuartzWindows

    return QuartzWindows()


@pytest.fixture(params=["win32", "quartz", pytest.param("x11", marks=pytest.mark.desktop)])
def desk_and_windows(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, WindowSystem]]:
    if request.param == "x11":
        environment = request.getfixturevalue("desktop_environment")
        monkeypatch.setenv("DISPLAY", environment["DISPLAY"])
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        with closing(open_windows()) as windows:
            yield X11Desk(request.getfixturevalue("start_program")), windows
    elif request.param == "win32":
        win32 = Win32Desk()
        yield win32, win32_windows(win32.desktop)
        assert not win32.desktop.open_handles, "every handle of a process is closed again"
    else:
        quartz = QuartzDesk()
        yield quartz, quartz_windows(quartz.desktop, monkeypatch)
        monkeypatch.delitem(sys.modules, "understudy.worlds.desktop.windows.quartz_windows", raising=False)


def test_a_window_is_found_by_its_title_with_the_area_of_its_content(
    desk_and_windows: tuple[Desk, WindowSystem],
) -> None:
    desk, windows = desk_and_windows
    assert isinstance(windows, WindowSystem)
    desk.open("Chess")
    desk.open("Paper game")
    window = find_window(windows, "paper")
    assert windows.title(window) == "Paper game"
    assert windows.area(window) == middle(SIZE)
    assert windows.desktop().covers(middle(SIZE))
    assert isinstance(windows.program(window), str)
    assert windows.input_obstacle(window) == ""
    with pytest.raises(WorldError, match=r"no window with the title 'Go'.*Chess"):
        find_window(windows, "Go")


def test_what_lies_over_a_window_takes_its_clicks_and_its_focus(desk_and_windows: tuple[Desk, WindowSystem]) -> None:
    desk, windows = desk_and_windows
    desk.open("Paper game")
    window = find_window(windows, "Paper game")
    area = middle(SIZE)
    assert windows.is_uppermost(window, *area.pixel(0.5, 0.5))
    assert not windows.is_uppermost(window, 5, 5), "not where it is not"
    desk.open("Above", (100, 80))
    above = find_window(windows, "Above")
    assert windows.is_uppermost(above, *area.pixel(0.5, 0.5))
    assert not windows.is_uppermost(window, *area.pixel(0.5, 0.5))
    assert windows.is_uppermost(window, *area.pixel(0.05, 0.95)), "beside the small one"


def test_a_closed_window_is_gone(desk_and_windows: tuple[Desk, WindowSystem]) -> None:
    desk, windows = desk_and_windows
    desk.open("Paper game")
    window = find_window(windows, "Paper game")
    desk.close("Paper game")
    assert windows.area(window) is None
    assert windows.title(window) == ""
    assert not windows.is_uppermost(window, 640, 360)
    assert not windows.has_focus(window)
    assert windows.input_obstacle(window) == ""


class TestWindows:
    """What only Microsoft Windows has."""

    def test_a_minimised_window_has_no_area(self) -> None:
        desk = Win32Desk()
        desk.open("Paper game")
        windows = win32_windows(desk.desktop)
        window = find_window(windows, "Paper game")
        desk.desktop.windows[window].is_iconic = True
        assert windows.area(window) is None and not windows.has_focus(window)

    def test_the_program_is_the_file_name_without_folder_and_ending(self) -> None:
        desk = Win32Desk()
        desk.open("Paper game")
        windows = win32_windows(desk.desktop)
        assert windows.program(find_window(windows, "Paper game")) == "paper game"
        assert not desk.desktop.open_handles

    def test_a_dialog_that_the_game_owns_is_a_popup(self) -> None:
        desk = Win32Desk()
        desk.open("Paper game")
        windows = win32_windows(desk.desktop)
        window = find_window(windows, "Paper game")
        assert not windows.has_popup(window, middle(SIZE))
        dialog = desk.desktop.add(FakeWindow("Sure?", middle((90, 60)), owner=window))
        assert windows.has_popup(window, middle(SIZE))
        desk.desktop.order.remove(dialog)
        desk.desktop.windows[window].is_enabled = False
        assert windows.has_popup(window, middle(SIZE)), "a modal dialog disables its owner"

    @pytest.mark.parametrize(
        ("game", "we", "blocked"), [(True, False, True), (True, True, False), (False, False, False)]
    )
    def test_input_for_a_game_of_an_administrator_is_kept_away(self, game: bool, we: bool, blocked: bool) -> None:
        desk = Win32Desk()
        desk.desktop.is_caller_elevated = we
        desk.open("Paper game")
        windows = win32_windows(desk.desktop)
        window = find_window(windows, "Paper game")
        desk.desktop.windows[window].is_elevated = game
        assert ("administrator" in windows.input_obstacle(window)) == blocked
        assert not desk.desktop.open_handles
        findings = list(check_obstacle(windows.input_obstacle(window)))
        assert [finding.weight for finding in findings] == [Severity.SERIOUS] * blocked
        target = TargetWindow(windows, [windows.desktop()], "Paper game", 1)
        if blocked:
            with pytest.raises(WorldError, match=r"Nothing that is pressed would reach the window 'Paper game'.*admin"):
                target.require_reachable()
        else:
            target.require_reachable()


class TestMac:
    """What only macOS has."""

    def test_a_menu_of_the_game_is_a_popup(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = QuartzDesk()
        desk.open("Paper game")
        windows = quartz_windows(desk.desktop, monkeypatch)
        window = find_window(windows, "Paper game")
        assert not windows.has_popup(window, middle(SIZE))
        menu_over(desk.desktop, middle((90, 60)), "Another program")
        assert not windows.has_popup(window, middle(SIZE))
        menu_over(desk.desktop, middle((90, 60)), "Paper Game")
        assert windows.has_popup(window, middle(SIZE))

    def test_without_the_permission_to_control_nothing_arrives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = QuartzDesk()
        desk.open("Paper game")
        desk.desktop.is_trusted = False
        windows = quartz_windows(desk.desktop, monkeypatch)
        assert "Accessibility" in windows.input_obstacle(find_window(windows, "Paper game"))
