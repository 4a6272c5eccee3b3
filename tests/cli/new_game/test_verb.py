"""`understudy new-game` from outside: what is refused, and its first two steps on a real window."""

import threading
import time
from pathlib import Path

import pytest

from tests.support.desktop_fixtures import TITLE, PaperGame, hand
from tests.support.recorded_pictures import needs_pyav
from understudy.cli.main import main
from understudy.cli.new_game.game_folder import GameFolder
from understudy.cli.new_game.play_step import missing_of
from understudy.contract.profile import Margins, Profile
from understudy.contract.serialization import read_toml
from understudy.recordings.store import finished_recordings, read_episode


def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-game", "../pond", "--folder", str(tmp_path)]) == 2
    assert "cannot be the game's name" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_step_is_done_again_only_after_those_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-game", "pond", "--folder", str(tmp_path), "--again", "train"]) == 2
    assert "the step window before it is not done yet" in capsys.readouterr().err


def test_what_play_lacks_is_said() -> None:
    assert missing_of(1.0, 40, 10.0) == "9.0 minutes of play, 60 clicks or key presses (40 so far)"
    assert missing_of(10.0, 100, 10.0) == ""


@needs_pyav
@pytest.mark.desktop
def test_window_and_play_are_recorded_and_the_next_command_goes_on(
    desktop_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DISPLAY", desktop_environment["DISPLAY"])
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    game = PaperGame(desktop_environment)
    ended = threading.Event()

    def click_and_press() -> None:
        number = 0
        while not ended.is_set():
            hand(desktop_environment, "mousemove", 400 + number % 200, 300, "click", 1, "key", "space")
            number += 40
            time.sleep(0.2)

    player = threading.Thread(target=click_and_press)
    player.start()
    flags = ["--folder", str(tmp_path), "--window", TITLE[:5], "--unattended", "--until", "play"]
    try:
        assert main(["new-game", "paper", *flags, "--play-area", "0 20 640 400", "--minutes", "0.1"]) == 0
        assert main(["new-game", "paper", *flags, "--again", "play", "--minutes", "0.2"]) == 0
    finally:
        ended.set()
        player.join()
        game.close()
    folder = GameFolder(tmp_path, "paper")
    profile = read_toml(Profile, folder.profile)
    assert (profile.window_width, profile.window_height, profile.play_area) == (640, 380, Margins(top=20))
    assert folder.screenshot.is_file() and folder.next_step == "discover"
    episodes = [read_episode(path) for path in finished_recordings(folder.play)]
    assert len(episodes) == 2, "what was played before is kept, and counts"
    assert sum(episode.duration_s for episode in episodes) == pytest.approx(12.0, abs=1.5)
    presses = {event.code for episode in episodes for event in episode.inputs if event.kind == "press"}
    assert {"left", "space"} <= presses
    assert "Nothing is sent to the game" in capsys.readouterr().out
