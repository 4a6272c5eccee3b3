"""Keys of a recording, chosen after the play: bits move with their keys, the rest is dropped."""

from dataclasses import replace

import numpy as np

from tests.support.synthetic_episodes import made_up
from understudy.contract.profile import KEY_BITS, WHEEL
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode
from understudy.recordings.key_selection import COMMON_KEYS, used_keys, with_profile


def played(keys: tuple[str, ...], presses: list[str]) -> Episode:
    """An episode of a profile with these keys, in which some were pressed; key k is down in tick k alone."""
    episode = made_up(len(keys))
    profile = replace(episode.info.profile, keys=keys, click_keys=())
    inputs = tuple(InputEvent(float(number), "press", code, 0.5, 0.5) for number, code in enumerate(presses))
    for records in (episode.observations, episode.actions):
        records["keys"] = np.uint32(1) << np.arange(len(keys), dtype=np.uint32)
    return replace(episode, info=replace(episode.info, profile=profile), inputs=inputs)


def test_bits_move_with_their_keys_and_other_keys_are_dropped() -> None:
    episode = played(("a", "left", "x", "space"), ["left", "arrow_left", "space", "a"])
    moved = with_profile(episode, replace(episode.info.profile, keys=("space", "left")))
    assert moved.actions["keys"].tolist() == [0, 2, 0, 1]
    assert moved.observations["keys"].tolist() == [0, 2, 0, 1]
    assert [event.code for event in moved.inputs] == ["left", "arrow_left", "space"], "the left button stays"
    assert episode.actions["keys"].tolist() == [1, 2, 4, 8], "what was given is not changed"


def test_a_key_that_was_hit_once_by_mistake_is_not_the_games() -> None:
    episode = played(("a", "left", "x", "space"), [*["space"] * 3, *["arrow_left"] * 2, *["left"] * 50, "x"])
    assert used_keys([episode]) == ("space",)
    assert used_keys([episode, episode]) == ("left", "space"), "over all sessions together"


def test_a_game_whose_keys_are_not_known_is_recorded_with_the_wheel_and_as_many_keys_as_there_are_bits() -> None:
    assert len(set(COMMON_KEYS)) == KEY_BITS and set(WHEEL) <= set(COMMON_KEYS)
