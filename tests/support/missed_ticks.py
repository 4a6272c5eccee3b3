"""Recordings of a machine that missed ticks, made from whole ones through the recorder's own accumulator."""

from dataclasses import replace

import numpy as np

from tests.support.teacher_play import PROFILE, Play
from understudy.contract.action import ACTION, Actor
from understudy.contract.observation import EVENTS, TICK_S, Button
from understudy.recordings.episode import Episode, describe
from understudy.worlds.input_accumulator import InputAccumulator


def recording_of(play: Play) -> Episode:
    """A recording of the teacher's play."""
    return Episode(
        info=describe(PROFILE, pilot="teacher:hunter", simulated_time=True),
        observations=play.observation.records.copy(),
        actions=play.actions.copy(),
        actors=np.full(len(play.actions), Actor.TEACHER, np.int8),
    )


def kept_at_random(ticks: int, seed: int = 3) -> np.ndarray:
    """Half of the ticks, no gap longer than half a second; the first and the last one stay."""
    kept = np.random.default_rng(seed).random(ticks) < 0.5
    kept[::11] = True
    kept[-1] = True
    return kept


def in_bursts(ticks: int, seed: int = 3) -> np.ndarray:
    """Bursts of 1 to 10 ticks that stay and are missed in turn; the first and the last tick stay."""
    lengths = np.random.default_rng(seed).integers(1, 11, ticks)
    kept = np.repeat(np.arange(ticks) % 2 == 0, lengths)[:ticks]
    kept[-1] = True
    return kept


def missed_by_a_busy_machine(episode: Episode, kept: np.ndarray) -> Episode:
    """What a recorder would have written: mouse and keyboard, heard with their times, and events wait for a tick."""
    observations, names = episode.observations[kept], EVENTS.names or ()
    for name in names:
        sums = np.cumsum(episode.observations["events"][name], dtype=np.float64)[kept]
        observations["events"][name] = np.diff(sums, prepend=0.0)
    hands, inputs, actions, held = InputAccumulator(PROFILE), [], [], np.zeros(1, ACTION)[0]
    for time_s, action, stays in zip(episode.observations["time_s"].tolist(), episode.actions, kept, strict=True):
        _turn(hands, held, action, time_s + 0.5 * TICK_S)
        held = action
        if stays:
            actions.append(hands.end_tick().records)
            inputs += hands.take_inputs()
    done = np.concatenate(actions)
    for name in ("cursor_x", "cursor_y", "keys", "button"):
        observations[name][1:] = done[name][:-1]
    return replace(
        episode, observations=observations, actions=done, actors=episode.actors[kept].copy(), inputs=tuple(inputs)
    )


def _turn(hands: InputAccumulator, held: np.void, action: np.void, time_s: float) -> None:
    """Raw events of the change from one action to the next."""
    place = [float(action["cursor_x"]), float(action["cursor_y"])]
    if action["cursor_x"] != held["cursor_x"] or action["cursor_y"] != held["cursor_y"]:
        hands.move(place, time_s)
    if action["button"] != held["button"]:
        for which, down in ((held["button"], False), (action["button"], True)):
            if which:
                hands.turn_button(Button(int(which)), down=down, place=place, time_s=time_s)
    for name in PROFILE.keys:
        bit = PROFILE.key_bit(name)
        if int(action["keys"] ^ held["keys"]) & bit:
            hands.turn_key(bit, down=bool(int(action["keys"]) & bit), time_s=time_s)
