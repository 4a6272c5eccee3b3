"""A game that we cannot draw is sketched: what the eye saw of it, and what the hands did."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.cli.main import main
from understudy.contract.action import Actor, idle_action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Button, Observation, Role, empty_observation
from understudy.contract.profile import Kind, Profile
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode
from understudy.viewer.annotated_clip import IntentRenderer
from understudy.viewer.schematic import SchematicRenderer, is_embedded
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP, SHIELD
from understudy.worlds.simulator.rendering.renderer import pixels_of

POND = replace(
    load_profile(),
    name="pond",
    window_width=400,
    window_height=430,
    maps=("pond",),
    kinds=(Kind(name="duck", role=Role.ENEMY, value=1.0, strength=0.1),),
)


def seen() -> np.ndarray:
    """A duck at a quarter of the window; bars and place are unknown."""
    observation = empty_observation(1).records
    observation["player"]["x"] = observation["player"]["y"] = observation["player"]["gauges"][..., HP] = np.nan
    observation["player"]["gauges"][..., SHIELD], observation["player"]["map_index"] = np.nan, -1
    duck = observation["tracks"][0, 0]
    duck["id"], duck["kind"], duck["role"], duck["gauges"][..., HP] = 7, 0, Role.ENEMY, np.nan
    duck["x"], duck["y"], duck["width"], duck["height"] = 0.25, 0.25, 0.1, 0.1
    observation["cursor_x"], observation["cursor_y"] = 0.75, 0.75
    return observation


def test_only_the_embedded_game_is_drawn_as_it_looks() -> None:
    assert is_embedded(load_profile())
    assert is_embedded(replace(load_profile(), window_width=960, window_height=540))
    assert not is_embedded(POND)


def test_things_lie_where_they_were_seen_and_a_press_shows() -> None:
    schematic, observation = SchematicRenderer(POND, (400, 430)), seen()
    before = pixels_of(schematic.draw(observation[0]))
    assert before[107, 100, 0] > 2 * before[107, 100, 2], "an enemy is red"
    assert before[107, 300].max() < 60, "there is nothing"
    observation["button"] = Button.LEFT
    assert (pixels_of(schematic.draw(observation[0]))[300:345, 280:320] != before[300:345, 280:320]).any()


def test_a_recording_of_another_game_becomes_a_video_of_its_window_s_shape(tmp_path: Path) -> None:
    ticks = 20
    observations = np.concatenate([seen()] * ticks)
    observations["time_s"] = np.arange(ticks) * 0.05
    info = replace(describe(POND, pilot="person", world="desktop"), window_width=400, window_height=430)
    actions = idle_action(Observation(observations)).records
    actors = np.full(ticks, Actor.PERSON, np.int8)
    write_episode(Episode(info=info, observations=observations, actions=actions, actors=actors), tmp_path / "pond.mcap")
    video = tmp_path / "pond.webm"
    assert main(["watch", str(tmp_path), "--video", str(video), "--size", "500", "430"]) == 0
    film = cv2.VideoCapture(str(video))
    assert film.get(cv2.CAP_PROP_FRAME_WIDTH) == 400
    film.release()


@pytest.mark.parametrize("profile", [POND, load_profile()])
def test_a_critic_s_moment_is_drawn_for_any_game(profile: Profile) -> None:
    observation = seen() if profile is POND else empty_observation(1).records
    assert IntentRenderer(profile).draw(observation[0], no_intent(1).records[0]).std() > 1
