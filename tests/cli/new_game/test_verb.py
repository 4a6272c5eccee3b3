"""`understudy new-game` from outside: what is refused, and its first two steps on a real window."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.desktop_fixtures import TITLE, PaperGame, hand
from tests.support.recorded_pictures import needs_pyav
from tests.support.synthetic_episodes import made_up
from understudy.cli.main import main
from understudy.cli.new_game import play_step
from understudy.cli.new_game.game_folder import STEPS, GameFolder
from understudy.cli.new_game.play_step import PlayNeeds, minutes_to_play, missing_of, refusal_of
from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.intent import INTENT, Intent
from understudy.contract.observation import OBSERVATION, Observation
from understudy.contract.profile import Margins, Profile
from understudy.contract.protocols import Step
from understudy.contract.serialization import read_toml
from understudy.recordings.store import finished_recordings, read_episode, write_episode


@pytest.fixture
def paper_game(desktop_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperGame]:
    """A game in a window of the display that commands of this process see."""
    monkeypatch.setenv("DISPLAY", desktop_environment["DISPLAY"])
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    game = PaperGame(desktop_environment)
    yield game
    game.close()


def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-game", "../pond", "--folder", str(tmp_path)]) == 2
    assert "cannot be the game's name" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_step_is_done_again_only_after_those_before_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-game", "pond", "--folder", str(tmp_path), "--again", "train"]) == 2
    assert "the step window before it is not done yet" in capsys.readouterr().err


def test_what_play_lacks_is_said() -> None:
    assert (
        missing_of(1.0, 40, 10.0) == "9.0 minutes of play that can be learnt from, 60 clicks or key presses (40 so far)"
    )
    assert missing_of(10.0, 100, 10.0) == ""


def test_play_without_a_click_is_too_little_and_no_interruption(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = GameFolder(tmp_path, "pond")
    folder.finish("window", "Done.")
    write_episode(made_up(30, with_inputs=False), folder.play / "one.mcap")
    assert main(["new-game", "pond", "--folder", str(tmp_path), "--minutes", "0.05", "--until", "play"]) == 1
    assert "Still missing: 100 clicks or key presses (0 so far)" in capsys.readouterr().out
    assert GameFolder(tmp_path, "pond").next_step == "play"


def test_play_with_gaps_is_refused_as_training_would_refuse_it_and_more_is_recorded() -> None:
    whole = made_up(4 * 60 * 20, with_inputs=False)
    whole = replace(whole, actors=np.full(len(whole), Actor.PERSON, np.int8))
    times_s = np.arange(len(whole)) / 20
    broken = whole.observations.copy()
    broken["time_s"] = times_s + np.floor(times_s / 30)  # a second is missing every half minute
    whole.actions["button"] = np.arange(len(whole)) % 40 < 3
    whole.observations["time_s"] = times_s
    gaps = replace(whole, observations=broken)
    assert refusal_of([whole]) == "" and minutes_to_play([whole], 4.0) == pytest.approx(0.0, abs=0.01)
    assert "unbroken play" in refusal_of([gaps]) and refusal_of([gaps]).endswith("half a second.")
    assert minutes_to_play([gaps], 4.0) == 3.0
    assert minutes_to_play([gaps], 2.0) < 0, "who asks for less gets no more"


def test_play_of_too_few_clicks_is_refused_when_it_was_recorded_and_not_by_training() -> None:
    whole = made_up(4 * 60 * 20, with_inputs=False)
    whole = replace(whole, actors=np.full(len(whole), Actor.PERSON, np.int8))
    whole.observations["time_s"] = np.arange(len(whole)) / 20
    whole.actions["button"] = (np.arange(len(whole)) % 400 < 3) * 2  # the right button, twelve times
    assert refusal_of([whole]) == "There are 11 clicks to learn from, and it needs at least 20."


def test_enough_is_said_of_play_that_can_be_learnt_from_and_not_of_time_that_passed() -> None:
    said: list[str] = []
    needs = PlayNeeds(said.append, 1.0, (0.0, 100))
    nothing = Action(np.zeros(1, ACTION)), Intent(np.zeros(1, INTENT)), np.array([Actor.PERSON], np.int8)
    for tick in range(200 * 20):
        if tick % 200 < 20 and tick < 120 * 20:  # a second of every ten was not recorded
            continue
        record = np.zeros(1, OBSERVATION)
        record["time_s"] = tick / 20
        needs.on_step(Step(tick, Observation(record), *nothing))
    assert said[:3] == ["Still missing: 1.0 minutes of play that can be learnt from."] * 3
    assert said[-1] == "That is enough: F3 ends it, or play on."


def test_what_training_refuses_says_how_to_play_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = GameFolder(tmp_path, "pond")
    for step in STEPS[: STEPS.index("train")]:
        folder.finish(step, "Done.")
    write_episode(made_up(30), folder.recordings / "one.mcap")
    assert main(["new-game", "pond", "--folder", str(tmp_path), "--until", "train"]) == 2
    said = capsys.readouterr().err
    assert "--teacher" not in said
    assert f"play more with  understudy new-game pond --folder {tmp_path} --again play" in " ".join(said.split(" "))


@needs_pyav
@pytest.mark.desktop
@pytest.mark.usefixtures("paper_game")
def test_window_and_play_are_recorded_and_the_next_command_goes_on(
    desktop_environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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


@needs_pyav
@pytest.mark.desktop
def test_a_window_closed_for_good_ends_unattended_play_and_what_was_recorded_is_kept(
    paper_game: PaperGame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(play_step, "UNUSABLE_AFTER_S", 1.0)

    class ClosesTheGame(play_step.PlayNeeds):
        def on_step(self, step: Step) -> None:
            super().on_step(step)
            if step.index == 20:
                paper_game.process.kill()

    monkeypatch.setattr(play_step, "PlayNeeds", ClosesTheGame)
    flags = ["--folder", str(tmp_path), "--window", TITLE[:5], "--unattended", "--until", "play"]
    assert main(["new-game", "paper", *flags, "--play-area", "-", "--minutes", "10"]) == 2
    folder = GameFolder(tmp_path, "paper")
    assert "Nothing could be recorded for 1 s (the window" in capsys.readouterr().err
    assert folder.next_step == "play"
    (kept,) = finished_recordings(folder.play)
    assert len(read_episode(kept)) >= 15
