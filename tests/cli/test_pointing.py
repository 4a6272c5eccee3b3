"""`understudy profile new --window` and `new-game --point`: a person's mouse on a real X display."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.desktop_fixtures import HEIGHT, TITLE, WIDTH, PaperGame, hand, until
from understudy.cli.show.images import write_picture
from understudy.cli.show.pointing import with_places
from understudy.contract.profile import Margins, Profile, Rectangle
from understudy.contract.serialization import read_toml
from understudy.perception.outcomes.score_reader import ScoreReader
from understudy.perception.screen_regions import BarReader, Scale
from understudy.viewer.region_picker import MISTAKE_COLOUR, Wanted

WORDS = ["--name", "pond", "--title", TITLE, "--keys", "space", "--maps", "pond", "--kinds", "duck:ENEMY:2"]
NOTHING = ["--panels", "-", "--shield", "-", "--minimap", "-"]
GAME = (100, 20, 740, 420)
"""Left, top, right and bottom of the game in the screenshot."""
Start = Callable[..., "subprocess.Popen[str]"]


class Mouse:
    """Draws and clicks in the windows that ask, by pixels of the picture that they show."""

    def __init__(self, environment: dict[str, str], wait: Callable[[str], None]) -> None:
        self._environment, self._wait = environment, wait

    def at(self, title: str, *steps: tuple[str, int, int] | str) -> None:
        """Waits for a window, then acts in it: xdotool's word for the left button at a pixel, or a key."""
        from understudy.worlds.desktop.windows.window_system import find_window
        from understudy.worlds.desktop.windows.x11_windows import X11Windows

        self._wait(title)
        with closing(X11Windows()) as windows:
            window = find_window(windows, title)
            area = windows.area(window)
            assert area is not None
            hand(self._environment, "windowfocus", "--sync", window)
            for step in steps:
                if isinstance(step, str):
                    hand(self._environment, "key", step)
                    continue
                kind, x, y = step
                hand(self._environment, "mousemove", area.left + x, area.top + y, "sleep", "0.1", kind, 1)
            until(lambda: title not in windows.titles().values(), f"the end of the window {title!r}")

    def sees(self, title: str, colour: tuple[int, int, int]) -> int:
        """Returns how many pixels of a window have a colour."""
        from understudy.worlds.desktop.platform import open_camera
        from understudy.worlds.desktop.windows.window_system import find_window
        from understudy.worlds.desktop.windows.x11_windows import X11Windows

        self._wait(title)
        with closing(X11Windows()) as windows, closing(open_camera()) as camera:
            area = windows.area(find_window(windows, title))
            assert area is not None
            return int((camera.grab(area).pixels == colour).all(axis=2).sum())

    @staticmethod
    def drawn(left: int, top: int, right: int, bottom: int) -> tuple[tuple[str, int, int], tuple[str, int, int]]:
        return ("mousedown", left, top), ("mouseup", right, bottom)


@pytest.fixture
def mouse(desktop_environment: dict[str, str], wait_for_window: Callable[[str], None]) -> Mouse:
    return Mouse(desktop_environment, wait_for_window)


@pytest.fixture
def paper_game(desktop_environment: dict[str, str]) -> Iterator[PaperGame]:
    game = PaperGame(desktop_environment)
    yield game
    game.close()


def screenshot(folder: Path, name: str, *, is_over: bool = False) -> np.ndarray:
    """A page with a game in it: a tank that fills from below and is 60 % full, a score, a panel at the end."""
    frame = np.full((440, 800, 3), (200, 200, 205), np.uint8)
    left, top, right, bottom = GAME
    frame[top:bottom, left:right] = (20, 60, 30)
    frame[top + 100 : top + 200, left + 10 : left + 20] = (15, 15, 15)
    frame[top + 140 : top + 200, left + 10 : left + 20] = (40, 200, 60)
    cv2.putText(frame, "1250", (left + 210, top + 117), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
    if is_over:
        frame[top + 180 : top + 300, left + 250 : left + 400] = (250, 250, 250)
    write_picture(folder / name, frame)
    return frame[top:bottom, left:right]


@pytest.mark.desktop
def test_play_area_bar_score_end_and_what_is_forbidden_are_pointed_at(
    mouse: Mouse, start_program: Start, tmp_path: Path
) -> None:
    game = screenshot(tmp_path, "shot.png")
    screenshot(tmp_path, "end.png", is_over=True)
    flags = ["--screenshot", "shot.png", "--game-over-shot", "end.png", "--window", "--score-values", "1250"]
    program = start_program("-m", "understudy", "profile", "new", *flags, *WORDS, *NOTHING)
    mouse.at("Which part of the window is the game?", *mouse.drawn(*GAME), "Return")
    mouse.at(
        "Where is the bar of your health, and how full is it?",
        *mouse.drawn(10, 100, 20, 200),
        ("click", 15, 140),
        "Return",
    )
    score = "Where are the digits of the score, with room for more?"
    mouse.at(score, *mouse.drawn(200, 200, 399, 240), "Return")  # on nothing
    until(lambda: mouse.sees(score, MISTAKE_COLOUR) > 20, "the reason in the window")
    mouse.at(score, *mouse.drawn(200, 90, 399, 130), "Return")
    panel = mouse.drawn(250, 180, 400, 300)
    mouse.at("Where is the panel when the game is over?", *panel, ("click", 300, 250), "Return")
    mouse.at("Which parts must never be clicked?", *mouse.drawn(540, 0, 640, 40), "Return")
    said, _ = program.communicate(timeout=120)
    assert program.returncode == 0, said
    profile = read_toml(Profile, tmp_path / "pond.toml")
    assert profile.play_area == Margins(left=100, top=20, right=60, bottom=20) and not profile.locate_play_area
    scale = Scale(640, 400, 400)
    reading, eye = profile.gauges[0].reading, profile.eye
    assert reading is not None and BarReader(reading).read(game, scale) == pytest.approx(0.6, abs=0.02)  # type: ignore[arg-type]
    assert eye is not None and eye.score is not None and ScoreReader(eye.score).read(game, scale) == 1250
    assert eye.game_over is not None and eye.game_over.restart == pytest.approx((300.5 / 640, 250.5 / 400))
    assert profile.forbidden == (Rectangle(left=540 / 640, top=0.0, width=100 / 640, height=0.1),)


@pytest.mark.desktop
def test_a_live_window_is_pointed_at_in_the_picture_that_was_taken_of_it(
    paper_game: PaperGame, mouse: Mouse, start_program: Start, tmp_path: Path
) -> None:
    assert paper_game.told
    flags = ["--live", "--window", *WORDS, *NOTHING, "--hp", "-"]
    program = start_program("-m", "understudy", "profile", "new", *flags)
    mouse.at("Which part of the window is the game?", *mouse.drawn(0, 20, WIDTH, HEIGHT), "Return")
    mouse.at("Where are the digits of the score, with room for more?", "Escape")
    mouse.at("Which parts must never be clicked?", "Escape")
    said, _ = program.communicate(timeout=120)
    assert program.returncode == 0, said
    profile = read_toml(Profile, tmp_path / "pond.toml")
    assert (profile.play_area, profile.forbidden) == (Margins(top=20), ())
    assert (tmp_path / "pond.screenshot.png").is_file()


@pytest.mark.desktop
def test_a_game_that_is_closed_while_it_is_looked_at_is_one_sentence(
    paper_game: PaperGame, start_program: Start
) -> None:
    program = start_program("-m", "understudy", "profile", "new", "--live", "--window", *WORDS, *NOTHING)
    assert program.stdout is not None
    until(lambda: "Looking at" in program.stdout.readline(), "the pictures")  # type: ignore[union-attr]
    paper_game.close()
    said, _ = program.communicate(timeout=60)
    assert (program.returncode, "was closed or moved meanwhile" in said) == (2, True), said


@pytest.mark.desktop
def test_new_game_lets_the_play_area_be_pointed_at(
    paper_game: PaperGame, mouse: Mouse, start_program: Start, tmp_path: Path
) -> None:
    assert paper_game.told
    flags = ["--window", TITLE, "--point", "--unattended", "--until", "window", "--folder", "game"]
    program = start_program("-m", "understudy", "new-game", "pond", *flags)
    mouse.at("Which part of the window is the game?", *mouse.drawn(40, 20, WIDTH, HEIGHT), "Return")
    said, _ = program.communicate(timeout=120)
    assert program.returncode == 0, said
    assert read_toml(Profile, tmp_path / "game" / "pond.toml").play_area == Margins(left=40, top=20)


def test_of_declared_readings_the_words_are_typed_and_the_places_pointed_at() -> None:
    asked: list[tuple[str, Wanted]] = []
    answers = iter(["10 100 20 200 60.0 up", "-", "0 0 5 5; 10 0 15 5"])

    def point(question: str, wanted: Wanted) -> str:
        asked.append((question, wanted))
        return next(answers)

    assert with_places("gauges", "fuel:STORE weapon; heat", point) == "fuel:STORE 10 100 20 200 60.0 up weapon"
    assert with_places("selectors", "tool=2", point) == "tool=2 0 0 5 5 / 10 0 15 5"
    assert [wanted for _, wanted in asked] == ["bar", "bar", "areas"]
