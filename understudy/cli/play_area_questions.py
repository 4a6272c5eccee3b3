"""Takes the pictures for `understudy profile new` and asks whether what moves in them is the play area."""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.profile_declarations import numbers_of
from understudy.cli.show.images import draw_area, read_picture, write_picture
from understudy.cli.show.pointing import NONE, point_at
from understudy.cli.show.questions import ask_until_valid, typed
from understudy.cli.show.terminal import Console
from understudy.contract.errors import FlagError, WorldError
from understudy.perception.moving_area import moving_area

if TYPE_CHECKING:
    from understudy.cli.profile import New
    from understudy.contract.profile import Profile

PLAY_AREA_ASKED = "Which part of the window is the game?"
NUM_PICTURES, APART_S = 40, 0.1
"""Pictures that --live takes, and the seconds between two."""


def window_pictures(command: "New") -> list[np.ndarray]:
    """Returns the screenshot and the later ones, all of one size.

    Raises:
        FlagError: if one cannot be read or has another size.
        WorldError: if there is no such window.
    """
    if command.screenshot is None:
        assert command.title is not None
        return live_pictures(command.title)
    pictures = [read_picture(path) for path in (command.screenshot, *command.later)]
    if len({picture.shape for picture in pictures}) > 1:
        raise FlagError("The screenshots have different sizes: take them of the same window, one after the other.")
    return pictures


def ask_for_play_area(command: "New", pictures: list[np.ndarray]) -> str | None:
    """Proposes what moves in the pictures as the play area, drawn into one of them; returns it if it was confirmed.

    With --window it is proposed in a window, where Enter takes it and a drawn rectangle replaces it; NONE for Escape.

    Raises:
        FlagError: if nothing moves and --play-area says `moving`, or nobody answers.
    """
    if len(pictures) < 2 or command.play_area not in (None, command.MOVING):
        return None
    found = moving_area(pictures)
    if found is None:
        if command.play_area == command.MOVING:
            raise FlagError("Nothing moves in these pictures: start the game, or give --play-area in pixels.")
        return None
    area = " ".join(map(str, found))
    if command.play_area == command.MOVING:
        return area
    console = Console(soft_wrap=True)
    if command.window:
        return point_at_play_area(pictures[0], found)
    drawn = (command.out or Path(f"{command.name or 'profile'}.toml")).with_suffix(".play_area.png")
    write_picture(drawn, _drawn(pictures[0], found))
    question = (
        f"The game seems to be at {area} (left top right bottom), drawn in {drawn}. Enter takes it, n takes the whole "
        "window; or type other edges."
    )
    nobody = f"Nobody answered: give --play-area {command.MOVING}, or the edges in pixels."
    return ask_until_valid(
        lambda: typed(question, console, nobody).lower(), lambda answer: _confirmed(area, answer), console
    )


def point_at_play_area(picture: np.ndarray, found: tuple[int, int, int, int] | None = None) -> str:
    """Returns the play area that a person draws in a picture of the window; NONE for all of it.

    Args:
        picture: RGB.
        found: what moves, which Enter takes: left, top, right, bottom.
    """
    return point_at(picture, PLAY_AREA_ASKED, "area", Console(soft_wrap=True), found, none="all of it")


def live_pictures(title: str) -> list[np.ndarray]:
    """Takes pictures of a window for some seconds.

    Raises:
        WorldError: if there is no display or no such window.
    """
    from understudy.worlds.desktop.platform import open_camera, open_windows
    from understudy.worlds.desktop.windows.window_system import find_window

    pictures: list[np.ndarray] = []
    with closing(open_windows()) as windows, closing(open_camera()) as camera:
        window = find_window(windows, title)
        area = windows.area(window)
        if area is None:
            raise WorldError(f"The window {title!r} has just been closed: leave the game open meanwhile")
        Console(soft_wrap=True).print(f"Looking at {title!r} for {NUM_PICTURES * APART_S:.0f} s: let the game run.")
        for _ in range(NUM_PICTURES):
            pictures.append(camera.grab(area).pixels.copy())
            time.sleep(APART_S)
            if windows.area(window) != area:
                raise WorldError(f"The window {title!r} was closed or moved meanwhile: leave it where it is")
    return pictures


def keep_border(profile: "Profile", window: np.ndarray, path: Path) -> None:
    """Writes the border by which the play area is found beside a profile's file, if the profile wants it found.

    Args:
        profile: of the game.
        window: a picture of the whole window.
        path: of the profile's .toml file.
    """
    from understudy.worlds.desktop.capture.game_fingerprint import border_fingerprint, fingerprint_path

    place = fingerprint_path(str(path))
    if profile.locate_play_area and place is not None:
        edges, (height, width) = profile.margins, window.shape[:2]
        border = border_fingerprint(window, (edges.left, edges.top, width - edges.right, height - edges.bottom))
        border.save(place)


def _confirmed(area: str, answer: str) -> str | None:
    if answer in ("n", NONE):
        return None
    return area if answer in ("", "y") else " ".join(f"{edge:g}" for edge in numbers_of(answer, 4))


def _drawn(picture: np.ndarray, edges: tuple[int, int, int, int]) -> np.ndarray:
    (height, width), (left, top, right, bottom) = picture.shape[:2], edges
    drawn = picture.copy()
    sides = (left / width, top / height, (right - left) / width, (bottom - top) / height)
    draw_area(drawn, *sides, "play area?", (255, 60, 60))
    return drawn
