"""Resamples play to the policies' 20 Hz grid by its real times, and fills in missed ticks.

A busy machine misses ticks: the recorder skips their slots, so a recording has true times but too few rows, and all
that counts rows (labels, timers, input windows) would see too fast a game. Each missed tick becomes a row again: the
previous observation as play fills it in (runtime/missed_ticks.py), so that the encoder's timers keep time and a policy
has the history that it has in play. The actions of filled rows are what the person probably did, for which the tick
after the gap and raw events are used too; they are a guess, so filled rows are context and never training targets. Play
without a missed tick is unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from understudy.contract.action import Actor
from understudy.contract.observation import BUTTONS_BY_NAME, TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent, event_code
from understudy.recordings.episode import Episode
from understudy.recordings.input_events import InputEvents
from understudy.runtime.missed_ticks import MissedTicks, TickGrid, fill_observations, grid_of


@dataclass(frozen=True)
class FilledTicks:
    """T ticks on the grid, some of them filled in."""

    observations: np.ndarray
    """Records of dtype OBSERVATION, shape (T,)."""
    actions: np.ndarray
    """Records of dtype ACTION, shape (T,)."""
    filled: Bool[np.ndarray, " T"]
    source: Int64[np.ndarray, " T"]
    """Index of the recorded tick; for a filled tick, of the last one before it."""


def fill_missed_ticks(episode: Episode) -> Episode:
    """Returns a contiguous segment with a row for each tick, recorded or missed; the same object if none was missed.

    A filled row has the Actor of the recorded ticks on both sides, or none if they differ.
    """
    counter = MissedTicks()
    steps_s = np.diff(episode.observations["time_s"]).tolist()
    missed = np.array([0, *map(counter.count, steps_s)][: len(episode)], np.int64)
    if not missed.any():
        return episode
    ticks = fill(episode.observations, episode.actions, missed, heard(episode.inputs, episode.info.profile))
    after = np.minimum(ticks.source + ticks.filled, len(episode) - 1)
    same = episode.actors[ticks.source] == episode.actors[after]
    return replace(
        episode,
        observations=ticks.observations,
        actions=ticks.actions,
        actors=np.where(same, episode.actors[ticks.source], np.int8(Actor.NOBODY)),
        intents=None if episode.intents is None else episode.intents[ticks.source],
        timings=None if episode.timings is None else episode.timings[ticks.source],
        filled=ticks.filled,
    )


@dataclass(frozen=True)
class Heard:
    """The person's raw events of one session, in order of time, shape (E,) each."""

    time_s: Float64[np.ndarray, " E"]
    x: Float32[np.ndarray, " E"]
    y: Float32[np.ndarray, " E"]
    button: Int64[np.ndarray, " E"]
    """Button that was pressed, 0 for none."""
    key: Int64[np.ndarray, " E"]
    """Bit of the key that was pressed, 0 for none."""


def heard(inputs: Sequence[InputEvent], profile: Profile) -> Heard | None:
    """Selects the events of the mouse and the profile's keys; None without any."""
    events = InputEvents.of(inputs).records
    events = events[np.isin(events["kind"], (b"move", b"press", b"release"))]
    if not len(events):
        return None
    keys = {event_code(name): int(profile.key_bit(name)) for name in profile.keys}
    return Heard(
        time_s=events["time_s"].copy(),
        x=events["x"].astype(np.float32),
        y=events["y"].astype(np.float32),
        button=_pressed(events, {name: int(button) for name, button in BUTTONS_BY_NAME.items()}),
        key=_pressed(events, keys),
    )


def _pressed(events: np.ndarray, bits: dict[str, int]) -> Int64[np.ndarray, " E"]:
    """Returns the bit of what each event pressed, 0 for none."""
    found = np.zeros(len(events), np.int64)
    for row in np.flatnonzero(events["kind"] == b"press").tolist():
        found[row] = bits.get(events["code"][row].decode(errors="replace"), 0)
    return found


def fill(
    observations: np.ndarray,
    actions: np.ndarray,
    missed: Int64[np.ndarray, " R"],
    inputs: Heard | None = None,
    *,
    live: bool = False,
) -> FilledTicks:
    """Inserts rows between recorded ticks.

    Args:
        observations, actions: records of dtype OBSERVATION and ACTION, shape (R,).
        missed: number of rows to insert before each recorded tick; 0 for the first.
        inputs: the person's raw events, with the time of each press and motion.
        live: the ticks are of live play, without raw events. Input during the gap is then part of the next tick's
            action, and is moved to a random row of the gap: else onsets right after a gap would be too frequent.
    """
    grid = grid_of(missed)
    done, place = actions[grid.source], grid.place
    _fill_actions(done, observations, actions, grid)
    if inputs is not None:
        _follow_cursor(done, observations["time_s"], actions, grid, inputs)
    if inputs is not None or live:
        for tick in np.flatnonzero(missed):
            gap = done[place[tick] - missed[tick] - 1 : place[tick] + 1]
            _date_gap(gap, observations[tick - 1], observations[tick], inputs)
    return FilledTicks(fill_observations(observations, actions, grid), done, grid.filled, grid.source)


def _date_gap(gap: np.ndarray, before: np.void, after: np.void, inputs: Heard | None) -> None:
    """Moves onsets from the tick after a gap to their true time by the raw events, or to a random time without them.

    A pressed button or key stays down until that tick, so that a press is neither lost nor doubled.

    Args:
        gap: actions from the recorded tick before to the recorded tick after, changed in place.
        before, after: observations of those two.
        inputs: the person's raw events.
    """
    last, rows = gap[-1].copy(), len(gap) - 1
    keys, buttons = (int(last[name] & ~gap[-2][name]) for name in ("keys", "button"))
    moved = (last["cursor_x"], last["cursor_y"]) != (gap[0]["cursor_x"], gap[0]["cursor_y"])
    if inputs is None:
        first = 1 + (int(TICK_RATE_HZ * after["time_s"]) * 2654435761 % 2**32 * rows >> 32)
        if moved:
            moving = (gap[0]["cursor_x"], gap[0]["cursor_y"]) != (before["cursor_x"], before["cursor_y"])
            begin = 1 if moving else first  # the motion continues
            share = np.clip((np.arange(rows + 1) - begin + 1) / (rows + 1 - begin), 0.0, 1.0)
            for axis in ("cursor_x", "cursor_y"):
                gap[axis] = gap[axis][0] + share.astype(np.float32) * (last[axis] - gap[axis][0])
        begin_keys = dict.fromkeys(_bits(keys), first)
        begin_buttons = dict.fromkeys(_bits(buttons), rows if moved else first)
    else:
        before_s = float(before["time_s"])
        step_s = (float(after["time_s"]) - before_s) / rows
        begin, end = np.searchsorted(inputs.time_s, (before_s, before_s + (rows + 1) * step_s))
        row_E = np.clip((inputs.time_s[begin:end] - before_s) // step_s, 1, rows).astype(int)
        begin_keys, begin_buttons = (
            {bit: int(row_E[pressed[begin:end] == bit].min(initial=rows)) for bit in _bits(mask)}
            for mask, pressed in ((keys, inputs.key), (buttons, inputs.button))
        )
    for bit, first in begin_keys.items():
        gap["keys"][first:rows] |= np.uint32(bit)
    for bit, first in begin_buttons.items():
        gap["button"][first:rows] |= np.uint32(bit)
    for axis in ("cursor_x", "cursor_y"):
        gap[axis][min(begin_buttons.values(), default=rows) : rows] = last[axis]


def _bits(mask: int) -> list[int]:
    return [1 << number for number in range(mask.bit_length()) if mask >> number & 1]


def _fill_actions(done: np.ndarray, observations: np.ndarray, actions: np.ndarray, gaps: TickGrid) -> None:
    """Interpolates the cursor linearly to the next tick; a button or key is down if it was held on both sides.

    Live recordings contain each press in a tick's action, however late. A press that only the observation after a gap
    reports is placed in the gap's last tick.
    """
    rows, before, after = gaps.rows, gaps.before, gaps.before + 1
    last, lone = gaps.number == gaps.length, gaps.length == 1
    share = (gaps.number / gaps.length).astype(np.float32)
    for axis in ("cursor_x", "cursor_y"):
        way = actions[axis][before] + share * (observations[axis][after] - actions[axis][before])
        done[axis][rows] = np.where(last, observations[axis][after], way)
    for name in ("keys", "button"):
        held, reported, next_ = actions[name][before], observations[name][after], actions[name][after]
        through = held & reported & np.where(lone, np.uint32(0xFFFFFFFF), next_)
        done[name][rows] = through | np.where(last, reported & ~held, 0).astype(np.uint32)


def _follow_cursor(done: np.ndarray, time_s: np.ndarray, actions: np.ndarray, gaps: TickGrid, inputs: Heard) -> None:
    """Replaces linear cursor paths by those of the person's raw events, in gaps that contain one."""
    begin_s, end_s = time_s[gaps.before], time_s[gaps.before + 1]
    row_end_s = begin_s + (gaps.number + 1) / (gaps.length + 1) * (end_s - begin_s)
    first = np.searchsorted(inputs.time_s, begin_s, side="right")
    known = np.searchsorted(inputs.time_s, end_s, side="right") > first
    last = np.searchsorted(inputs.time_s, row_end_s, side="right") - 1
    for axis, places in (("cursor_x", inputs.x), ("cursor_y", inputs.y)):
        way = np.where(last >= first, places[last], actions[axis][gaps.before])
        done[axis][gaps.rows[known]] = way[known]


def certain_ticks(filled: Bool[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
    """Returns the mask of ticks with known input: recorded ones, and single missed ones between recorded ones."""
    alone = filled.copy()
    alone[1:] &= ~filled[:-1]
    alone[:-1] &= ~filled[1:]
    return np.asarray(~filled | alone)
