"""Fixtures of the desktop's tests."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.desktop_fixtures import PaperGame
from understudy.worlds.desktop.platform import open_windows
from understudy.worlds.desktop.windows.window_system import WindowSystem


@pytest.fixture
def screen(desktop_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The Xvfb display as this process's own too; gives the environment for other programs."""
    monkeypatch.setenv("DISPLAY", desktop_environment["DISPLAY"])
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return desktop_environment


@pytest.fixture
def windows(screen: dict[str, str]) -> Iterator[WindowSystem]:
    """The display's windows."""
    opened = open_windows()
    yield opened
    opened.close()


@pytest.fixture
def open_game(screen: dict[str, str]) -> Iterator[Callable[..., PaperGame]]:
    """Starts programs with windows, and ends them."""
    games: list[PaperGame] = []

    def start(*arguments: object) -> PaperGame:
        games.append(PaperGame(screen, *arguments))  # type: ignore[arg-type]
        return games[-1]

    yield start
    for game in games:
        game.close()
