"""A recording is watched: pictures with what was going on, a window with seeking, a video."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pygame
import pytest

from understudy.cli.main import main
from understudy.contract.action import Actor
from understudy.contract.errors import WorldError
from understudy.contract.intent import INTENT
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import InputEvent
from understudy.contract.tick_timing import TIMING
from understudy.evaluation.rollouts.trajectory import record_trajectory
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode
from understudy.viewer.episode_frames import EpisodePainter, frames_of_episode
from understudy.viewer.episode_player import SEEK_S, EpisodePlayer
from understudy.viewer.timeline import clock_of, marked_ticks, stops_of
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import pixels_of
from understudy.worlds.simulator.teacher.teacher import Teacher

SIZE = (320, 180)


@pytest.fixture(scope="module")
def episode() -> Episode:
    """Twenty seconds in which a person took over for a while, and marked a moment."""
    trajectory = record_trajectory(Teacher("hunter", load_profile()), seed=3, seconds=20.0, start_map="1-1")
    actors = np.full(len(trajectory.observations), Actor.POLICY, np.int8)
    actors[100:160] = Actor.PERSON
    timings = np.zeros(len(actors), TIMING)
    timings["ran"] = 1
    return Episode(
        info=describe(load_profile(), pilot="understudy", seed=3),
        observations=trajectory.observations.records,
        actions=trajectory.actions.records,
        actors=actors,
        inputs=(InputEvent(float(trajectory.observations.records["time_s"][200]) + 0.01, "mark", "wrong", 0.5, 0.5),),
        intents=trajectory.intents.records,
        timings=timings,
    )


@pytest.fixture
def window(episode: Episode) -> Iterator[EpisodePlayer]:
    window = EpisodePlayer(episode, SIZE)
    yield window
    window.close()


def test_without_a_display_nothing_is_played_unseen(episode: Episode, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    pygame.display.quit()
    with pytest.raises(WorldError, match=r"there is no display .use --video"):
        EpisodePlayer(episode, SIZE)


def press(window: EpisodePlayer, key: int) -> float:
    window.take_event(pygame.event.Event(pygame.KEYDOWN, key=key))
    return window.position


def test_changes_of_charge_and_marks_are_worth_jumping_to(episode: Episode) -> None:
    assert marked_ticks(episode) == [200]
    assert stops_of(episode) == [100, 160, 200]
    assert clock_of(75.26) == "1:15.2"


def test_the_frame_has_the_colour_of_the_one_who_acted(episode: Episode) -> None:
    painter = EpisodePainter(episode, SIZE)
    edges = [pixels_of(painter.draw(tick))[90, 1].astype(int) for tick in (99, 100, 160)]
    assert edges[1][0] > edges[1][2], "the person's is orange"
    assert edges[0][2] > edges[0][0], "the understudy's is blue"
    assert (edges[0] == edges[2]).all()


def test_a_tick_looks_the_same_however_one_got_there(episode: Episode) -> None:
    forward, jumped = EpisodePainter(episode, SIZE), EpisodePainter(episode, SIZE)
    for tick in range(300):
        straight = forward.draw(tick)
    picture = pixels_of(straight).astype(int)
    jumped.draw(380)
    other = pixels_of(jumped.draw(299)).astype(int)
    assert (np.abs(picture - other).max(axis=2) > 40).mean() < 0.01, "ships may be turned a little otherwise"


def test_the_cadence_is_shown_where_it_was_recorded(episode: Episode) -> None:
    with_it = pixels_of(EpisodePainter(episode, SIZE).draw(50))
    without = pixels_of(EpisodePainter(dataclasses.replace(episode, timings=None), SIZE).draw(50))
    left = (slice(60, 100), slice(0, 64))
    assert (with_it[left] != without[left]).any()


def test_intents_of_others_are_shown_in_place_of_the_recorded_ones(episode: Episode) -> None:
    intents = np.zeros(len(episode), INTENT)
    intents["mode_probabilities"][:, 2] = 1.0
    pictures = [pixels_of(EpisodePainter(episode, SIZE, given).draw(50)) for given in (None, intents)]
    assert (pictures[0] != pictures[1]).any()


def test_arrow_keys_seek_and_space_pauses(window: EpisodePlayer) -> None:
    window.advance(2.0)
    assert window.position == 2.0 * TICK_RATE_HZ
    assert press(window, pygame.K_RIGHT) == (2.0 + SEEK_S) * TICK_RATE_HZ
    assert press(window, pygame.K_LEFT) == 2.0 * TICK_RATE_HZ
    assert press(window, pygame.K_PAGEUP) == 0.0
    press(window, pygame.K_SPACE)
    window.advance(1.0)
    assert window.position == 0.0
    assert press(window, pygame.K_END) == 399.0
    assert press(window, pygame.K_HOME) == 0.0


def test_n_and_b_jump_between_changes_and_marks(window: EpisodePlayer) -> None:
    assert [press(window, pygame.K_n) for _ in range(4)] == [100, 160, 200, 399]
    assert [press(window, pygame.K_b) for _ in range(4)] == [200, 160, 100, 0]


def test_up_and_down_change_the_speed_within_limits(window: EpisodePlayer) -> None:
    press(window, pygame.K_UP)
    window.advance(1.0)
    assert window.position == 2 * TICK_RATE_HZ
    for _ in range(20):
        press(window, pygame.K_DOWN)
    assert window.speed == 0.25


def test_a_click_on_the_strip_goes_there_and_q_leaves(window: EpisodePlayer) -> None:
    window.take_event(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(160, SIZE[1] + 4), button=1))
    assert abs(window.position - 199.5) < 3
    window.show()
    press(window, pygame.K_q)
    assert window.closed


def test_it_runs_to_the_end_and_stands_still_until_it_is_closed(episode: Episode) -> None:
    now_s = 0.0

    def clock() -> float:
        nonlocal now_s
        now_s += 4.0
        return now_s

    window = EpisodePlayer(episode, SIZE, clock=clock)
    pygame.event.clear()
    show = window.show
    shown: list[float] = []

    def watched() -> None:
        shown.append(window.position)
        show()
        window.closed = len(shown) == 7

    window.show = watched  # type: ignore[method-assign]
    window.run()
    window.close()
    assert shown == [80, 160, 240, 320, 399, 399, 399]


def test_a_video_has_a_picture_for_every_tick(episode: Episode, tmp_path: Path) -> None:
    frames = list(frames_of_episode(episode, range(10, 15), SIZE))
    assert len(frames) == 5
    assert frames[0].shape[0] > SIZE[1] and frames[0].shape[0] % 2 == 0
    write_episode(episode, tmp_path / "one.mcap")
    video = tmp_path / "one.webm"
    size = ["--size", "320", "180"]
    assert main(["watch", str(tmp_path), "--video", str(video), "--begin-s", "5", "--seconds", "1", *size]) == 0
    assert video.stat().st_size > 1000


@pytest.mark.parametrize("flags", [["--begin-s", "90"], ["--seconds", "-1"], ["--size", "10", "10"]])
def test_a_part_that_is_not_there_is_refused_in_one_sentence(
    episode: Episode, tmp_path: Path, flags: list[str]
) -> None:
    write_episode(episode, tmp_path / "one.mcap")
    assert main(["watch", str(tmp_path / "one.mcap"), "--video", str(tmp_path / "one.webm"), *flags]) == 2
