"""Gesture segmentation: finds onset, arrival, press and release of each pointing gesture in a recording.

From the raw events of mouse and keyboard (motion_onset.py): each button by itself, also where presses overlap. Where a
recording has none, the cursor and the buttons of its ticks tell of events in the same manner, at 20 Hz. A motion that
ends in a rest on an object, without a press, is a hover (hover_segmentation.py); any other motion without a press
wanders, and is no gesture.
"""

from collections.abc import Sequence

import numba
import numpy as np
from jaxtyping import Bool, Float64

from understudy.contract.observation import BUTTONS_BY_NAME, TICK_RATE_HZ, TICK_S, Observation
from understudy.contract.protocols import InputEvent, event_code
from understudy.learning.data.motion_onset import LONGEST_DWELL_S, LONGEST_MOTION_S, Press, find_presses
from understudy.policies.click_semantics import (
    KEY_SHIFT,
    SORT_LANDMARK,
    SORT_NOTHING,
    SORT_TRACK,
    classify_click,
    to_map,
)
from understudy.policies.motor_model import POINT_SIZE
from understudy.recordings.input_events import InputEvents
from understudy.recordings.mcap_channels import INPUT

FAST = 0.004
"""Speed (window fractions a tick) below which the cursor, before a click, dwells or follows a drifting target."""
MAX_DWELL = round(LONGEST_DWELL_S * TICK_RATE_HZ)
"""Longest dwell, ticks; a press after a longer rest is a gesture without motion."""
MAX_TICKS = round(LONGEST_MOTION_S * TICK_RATE_HZ)
"""Longest gesture from onset to press, ticks."""
SHORT_TICK_S, AFTER_TICK_S = TICK_S * (1 - 1e-6), 0.001
"""Time between the ticks of a recording without raw events, and from a tick to its events. A hair less than a tick: a
rest of so many ticks is never just as long as a limit, where its last bit, and so its place in the recording, would
decide."""
FEWEST_GESTURES = 20
"""Minimum for fitting the motor model and an Executor; training refuses fewer before the first policy."""

GESTURE = np.dtype(
    [
        ("onset", "i4"),  # first tick of the motion
        ("arrival", "i4"),  # last fast tick of the motion; onset - 1 when the cursor was there already
        ("press", "i4"),  # tick in which the button went down
        ("release", "i4"),  # last tick in which it was down
        ("button", "i4"),  # a Button, or the bit of a key that clicks, as of `clicking_inputs`; HOVER for a hover
        ("sort", "i4"),  # a ClickKind
        ("track_id", "i4"),  # 0 where it is no track
        ("role", "i4"),  # of the track
        ("landmark", "i4"),  # -1 where it is none
        ("x", "f4"),  # the click, window fractions
        ("y", "f4"),
        ("map_x", "f4"),  # the click read as a minimap click, map fractions
        ("map_y", "f4"),
        ("start_x", "f4"),  # cursor before the motion
        ("start_y", "f4"),
        ("offset_x", "f4"),  # click relative to the track's centre, in half-sizes
        ("offset_y", "f4"),
        ("size", "f4"),  # of the track, window fractions; a nominal size elsewhere
    ],
)


def segment_gestures(
    observation: Observation,
    actions: np.ndarray,
    geometry: np.void,
    inputs: Sequence[InputEvent] = (),
    keys: Sequence[str] = (),
) -> np.ndarray:
    """Finds all gestures of one episode.

    Args:
        observation: T ticks of one world.
        actions: records of dtype ACTION, shape (T,).
        geometry: record of dtype UI_GEOMETRY.
        inputs: the person's raw events of these ticks; empty where a recording has none.
        keys: names of the profile's keys, by which raw events name those that click.

    Returns:
        Records of dtype GESTURE in order of time; presses on panels are left out. From raw events, presses may overlap,
        and a motion may begin before the release of the gesture before it.
    """
    buttons = click_codes(geometry, keys)
    times = observation.records["time_s"]
    presses = find_presses(inputs, tuple(buttons))
    if not presses:
        times = np.arange(len(actions)) * SHORT_TICK_S
        presses = find_presses(events_of_ticks(actions, buttons), tuple(buttons))
    return _of_presses(presses, buttons, times, observation.records, geometry)


def events_of_ticks(actions: np.ndarray, buttons: dict[str, int]) -> InputEvents:
    """Returns the raw events of which the cursor and the buttons of T ticks tell; tick n begins at n SHORT_TICK_S.

    Args:
        actions: records of dtype ACTION, shape (T,).
        buttons: codes of what clicks, with their bits as of `clicking_inputs`.
    """
    x, y = actions["cursor_x"], actions["cursor_y"]
    moves = np.flatnonzero((np.diff(x, prepend=np.inf) != 0) | (np.diff(y, prepend=np.inf) != 0))
    parts = [(b"move", b"", moves)]
    for code, bit in buttons.items():
        is_key = bit >= 1 << int(KEY_SHIFT)
        held = actions["keys"] & np.uint32(bit >> int(KEY_SHIFT)) if is_key else actions["button"] & np.uint32(bit)
        starts, ends = _runs(held != 0)
        parts += [(b"press", code.encode(), starts), (b"release", code.encode(), ends - 1)]
    records = np.zeros(sum(len(ticks) for *_, ticks in parts), INPUT)
    begin = 0
    for kind, name, ticks in parts:
        some = records[begin : begin + len(ticks)]
        some["time_s"], some["kind"], some["code"] = ticks * SHORT_TICK_S + AFTER_TICK_S, kind, name
        some["x"], some["y"] = x[ticks], y[ticks]
        begin += len(ticks)
    return InputEvents(records[np.argsort(records["time_s"], kind="stable")])


def click_codes(geometry: np.void, keys: Sequence[str]) -> dict[str, int]:
    """Returns the codes of raw events that click, with their bits as of `clicking_inputs`.

    Args:
        geometry: record of dtype UI_GEOMETRY.
        keys: names of the profile's keys.
    """
    clicks = int(geometry["click_keys"])
    by_key = {event_code(name): 1 << int(KEY_SHIFT) + bit for bit, name in enumerate(keys) if clicks >> bit & 1}
    return {**{name: int(button) for name, button in BUTTONS_BY_NAME.items()}, **by_key}


def _of_presses(
    presses: Sequence[Press],
    buttons: dict[str, int],
    times: Float64[np.ndarray, " T"],
    records: np.ndarray,
    geometry: np.void,
) -> np.ndarray:
    """Turns the presses of raw events into gestures; those outside the ticks, which begin at `times`, are left out."""
    out = np.zeros(len(presses), GESTURE)
    count = 0
    for press in presses:
        if not times[0] + TICK_S <= press.time_s < times[-1] + TICK_S:
            continue  # a gesture has a tick before it
        g, tick = out[count], _tick_of(times, press.time_s)
        g["press"], g["release"] = tick, max(tick, _tick_of(times, press.release_s))
        g["button"] = buttons[press.code]
        g["onset"], g["arrival"], start = tick, tick - 1, (press.x, press.y)
        if press.motion is not None:
            g["onset"] = min(max(1, _tick_of(times, press.motion.onset_s)), max(1, tick - 1))
            g["arrival"] = min(max(_tick_of(times, press.motion.arrival_s), g["onset"]), max(tick - 1, g["onset"] - 1))
            start = press.motion.start
        g["x"], g["y"], g["start_x"], g["start_y"] = press.x, press.y, *start
        count += bool(describe_click(records, geometry, out[count : count + 1]))
    return out[:count]


def _tick_of(times: np.ndarray, time_s: float) -> int:
    """Returns the tick in whose time an event falls: from its observation to the next one."""
    return int(np.searchsorted(times, time_s, "right")) - 1


@numba.njit(cache=True)
def describe_click(records, geometry, one):  # type: ignore[no-untyped-def]
    """Writes what a gesture's click hits, by its press tick and place; False for a panel. `one` has shape (1,)."""
    g = one[0]
    click_kind, index = classify_click(records[g.press], geometry, g.x, g.y)
    g.sort, g.landmark, g.size = click_kind, -1, POINT_SIZE
    g.map_x, g.map_y = to_map(geometry, g.x, g.y)
    g.track_id, g.role, g.offset_x, g.offset_y = 0, 0, 0.0, 0.0
    if click_kind == SORT_TRACK:
        track = records[g.press].tracks[index]
        g.track_id, g.role, g.size = track.id, track.role, track.width
        g.offset_x = (g.x - track.x) / max(0.5 * track.width, 1e-4)
        g.offset_y = (g.y - track.y) / max(0.5 * track.height, 1e-4)
    elif click_kind == SORT_LANDMARK:
        g.landmark = index
        g.offset_x = g.map_x - records[g.press].landmarks[index].x
        g.offset_y = g.map_y - records[g.press].landmarks[index].y
    return click_kind != SORT_NOTHING


def key_presses(actions: np.ndarray, num_keys: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns for each key the ticks of its presses and their lengths in ticks."""
    presses = []
    for key in range(num_keys):
        starts, ends = _runs(actions["keys"] >> np.uint32(key) & 1 != 0)
        presses.append((starts, ends - starts))
    return presses


def _runs(held: Bool[np.ndarray, " T"]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first tick of each run in which something is held, and the first tick after it."""
    edges = np.diff(held.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
