"""Finds where the motion that led to a press began, from the mouse's raw events with their own times.

A pointing motion consists of a primary sub-movement and, often, of shorter corrections (Woodworth 1899; Meyer et al.
1988), with rests between them. A rest is a pause longer than the device's event spacing explains (8 ms for a gaming
mouse, 109 ms seen over a remote desktop), or a speed close to zero between two peaks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from understudy.contract.observation import BUTTON_NAMES, TICK_S
from understudy.contract.protocols import InputEvent
from understudy.recordings.input_events import InputEvents

BUTTONS = tuple(BUTTON_NAMES.values())
CORRECTION_SHARE = 0.15
"""A sub-movement after a rest that is shorter than this share of the one before corrects it."""
REST_SHARE = 0.03
"""Of the smaller of the two peaks around it: a lower speed is a rest."""
REST_SPACINGS, SHORTEST_REST_S = 1.5, 0.1
"""A pause is longer than so many event spacings, and than so many seconds."""
LONGEST_REST_S = 0.6
"""A correction begins at the latest so long after the motion that it corrects."""
LONGEST_DWELL_S = 0.8
"""A press after a longer rest has no motion."""
LONGEST_MOTION_S = 2.5
USUAL_SPACING_S = 0.016
FEWEST_SPACINGS = 10


@dataclass(frozen=True)
class Motion:
    """The motion before a press."""

    onset_s: float
    """Time at which it began: of its first event; earlier by as much as the event spacing is longer than a tick."""
    arrival_s: float
    """Time of its last event."""
    start: tuple[float, float]
    """Cursor before it, window fractions."""


@dataclass(frozen=True)
class Press:
    """A press of a mouse button, or of a key that clicks."""

    time_s: float
    release_s: float
    """Infinity where the recording ends before it."""
    code: str
    """Of the button or key."""
    x: float
    y: float
    motion: Motion | None
    """None where the cursor was there already."""


def find_presses(inputs: Sequence[InputEvent], click_codes: Sequence[str] = BUTTONS) -> list[Press]:
    """Finds the presses and the motion before each, in order of time; presses may overlap.

    Args:
        inputs: raw events in order of time.
        click_codes: codes of the buttons and keys that click.
    """
    records = InputEvents.of(inputs).records
    moves = records[records["kind"] == b"move"]
    clicks = InputEvents(records[np.isin(records["code"], [code.encode() for code in click_codes])])
    times, places = moves["time_s"], np.stack([moves["x"], moves["y"]], axis=1)
    last = np.append(np.diff(times) > 0.002, True)[: len(times)]  # events of one report count as one
    times, places = times[last], places[last]
    steps = np.hypot(*np.diff(places, axis=0, prepend=places[:1]).T) if len(times) else times
    spacing_s = event_spacing(times)
    moved = (steps > 0) | (np.append(np.inf, steps)[:-1] > 0)  # a cursor that is reported where it was rests
    times, places, steps = times[moved], places[moved], steps[moved]
    presses: list[Press] = []
    releases_s = _releases(clicks)
    previous_s = -np.inf
    for number, event in enumerate(clicks):
        if event.kind != "press":
            continue
        first, end = np.searchsorted(times, [max(previous_s, event.time_s - LONGEST_MOTION_S), event.time_s], "right")
        end -= int(end > first and steps[end - 1] == 0)
        begin = _onset(times[first:end], steps[first:end], spacing_s, event.time_s)
        motion = None
        if begin is not None:
            at = int(first) + begin
            early_s = max(0.0, min(spacing_s, times[at] - times[at - 1] if at else spacing_s) - TICK_S)
            start = places[max(at - 1, 0)]
            onset_s = float(max(times[at] - early_s, previous_s))
            motion = Motion(onset_s, float(times[end - 1]), (float(start[0]), float(start[1])))
        presses.append(Press(event.time_s, releases_s[number], event.code, event.x, event.y, motion))
        previous_s = event.time_s
    return presses


def event_spacing(times: Float64[np.ndarray, " E"]) -> float:
    """Returns the device's usual interval between two events of a motion, seconds."""
    intervals = np.diff(times)
    usual = intervals[(intervals > 0.002) & (intervals < 0.3)]
    return float(np.median(usual)) if len(usual) >= FEWEST_SPACINGS else USUAL_SPACING_S


def _releases(clicks: InputEvents) -> dict[int, float]:
    """Returns the time of the next release of the same button or key, by the index of each press."""
    following: dict[str, float] = {}
    found = {}
    for number, event in zip(range(len(clicks) - 1, -1, -1), reversed(clicks), strict=True):
        if event.kind == "release":
            following[event.code] = event.time_s
        elif event.kind == "press":
            found[number] = following.get(event.code, np.inf)
    return found


def _onset(
    times: Float64[np.ndarray, " E"], steps: Float64[np.ndarray, " E"], spacing_s: float, press_s: float
) -> int | None:
    """Returns the index of the motion's first event; None where there is no motion before the press."""
    if len(times) == 0 or press_s - times[-1] > LONGEST_DWELL_S or not steps.any():
        return None
    parts = _sub_movements(times, steps, spacing_s)
    first = len(parts) - 1
    while first > 0:
        begin, (earlier, end) = parts[first][0], parts[first - 1]
        is_correction = steps[begin:].sum() < CORRECTION_SHARE * steps[earlier:end].sum()
        if not is_correction or times[begin] - times[begin - 1] > LONGEST_REST_S:
            break
        first -= 1
    begin = parts[first][0]
    slow = REST_SHARE * steps[begin:].max()
    while begin < len(times) - 1 and steps[begin] < slow:
        begin += 1
    return begin


def _sub_movements(
    times: Float64[np.ndarray, " E"], steps: Float64[np.ndarray, " E"], spacing_s: float
) -> list[tuple[int, int]]:
    """Splits events at rests; returns the first and one past the last event of each sub-movement."""
    pause_s = max(REST_SPACINGS * spacing_s, SHORTEST_REST_S)
    pauses = (np.flatnonzero(np.diff(times) > pause_s) + 1).tolist()
    parts = []
    for begin, end in zip([0, *pauses], [*pauses, len(times)], strict=True):
        before = np.maximum.accumulate(steps[begin:end])
        after = np.maximum.accumulate(steps[begin:end][::-1])[::-1]
        for at in range(begin + 1, end - 1):
            if steps[at] <= REST_SHARE * min(before[at - begin - 1], after[at - begin + 1]):
                parts.append((begin, at))
                begin = at
        parts.append((begin, end))
    return parts
