"""Fits the motor model to a person's gestures: Fitts' law, curves, dwell, presses, drags, hovers, click offsets."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from understudy.contract.observation import Button, Observation
from understudy.learning.data.gesture_segmentation import FAST, MAX_DWELL, key_presses
from understudy.policies.click_semantics import HOVER, MAX_KEYS, NUM_CLICKING
from understudy.policies.motor_model import (
    LEAST_SPREAD,
    LONGEST_CURVE,
    MOTOR_MODEL,
    NUM_CURVES,
    NUM_DRAGS,
    NUM_OFFSETS,
    NUM_QUANTILES,
    NUM_SORTS,
)

FALLBACK_TICKS = 4.0
"""Movement time, ticks, where a recording has too few gestures to fit; 0.2 s is typical of a short aimed movement."""
FALLBACK_PRESS = 2.0
FEWEST_FOR_LINE = 5
"""Motions; with fewer, the movement time does not depend on the difficulty."""
SHORTEST_CURVE = 0.01
"""Window widths; the direction of shorter motions is rounded to pixels."""
CURVE_DECIMALS = 4
IN_MOTION = 0.05
"""Share of the way; a press after a larger step in its own tick comes before the hand rests."""

SHORTEST_DRAG = 0.03
"""Window widths; a hand that presses may slip by less."""
FEWEST_DRAGS = 5
NUM_OVERLAP = 100
"""Ticks; a button that stays down for longer is not waited for."""

LEAST_CERTAIN = 30
"""Minimum of gestures or presses with both ends recorded; with fewer, filled-in ones are used too."""

Session = tuple[Observation | None, np.ndarray, np.ndarray]
"""Observation (which is not needed), actions, gestures."""


def fit_motor_model(
    sessions: list[Session],
    certain: Sequence[Bool[np.ndarray, " T"] | None] | None = None,
    *,
    aspect: float = 9 / 16,
) -> np.void:
    """Fits one motor model.

    Args:
        sessions: (observation, actions, gestures) of each session.
        certain: for each session the mask of ticks with known input; None for all. Durations are measured between such
            ticks.
        aspect: window height / width.

    Returns:
        One record of dtype MOTOR_MODEL.
    """
    known = [
        np.ones(len(actions), bool) if ticks is None else ticks
        for (_, actions, _), ticks in zip(sessions, certain or [None] * len(sessions), strict=True)
    ]
    sessions = [(seen, actions, _as_played(actions, found, aspect)) for seen, actions, found in sessions]
    gestures = np.concatenate([gestures for _, _, gestures in sessions])
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    _fit_durations(hand, _timed(sessions, known, "onset", "arrival"), aspect)
    _fit_curves(hand, sessions, known, aspect)
    hand["other_button"] = _other_buttons([found["button"] for _, _, found in sessions])
    _fit_hovers(hand, sessions)
    sessions = [(seen, actions, found[found["button"] != HOVER]) for seen, actions, found in sessions]
    dwelt = _timed(sessions, known, "arrival", "press")
    moved = dwelt[dwelt["arrival"] >= dwelt["onset"]]
    hand["dwell"] = _quantiles(moved["press"] - moved["arrival"] - 1, FALLBACK_PRESS)
    pressed = _timed(sessions, known, "press", "release")
    lengths = pressed["release"] - pressed["press"] + 1
    for sort in range(NUM_SORTS):
        chosen = lengths[pressed["sort"] == sort]
        hand["press"][sort] = _quantiles(chosen if len(chosen) >= 3 else lengths, FALLBACK_PRESS)
    per_session = [_key_lengths(actions, ticks) for (_, actions, _), ticks in zip(sessions, known, strict=True)]
    all_lengths = np.concatenate([lengths for session in per_session for lengths in session])
    for key in range(MAX_KEYS):
        own = np.concatenate([session[key] for session in per_session])
        hand["key_press"][key] = _quantiles(own if len(own) >= 3 else all_lengths, FALLBACK_PRESS)
    _fit_drags(hand, sessions, aspect)
    hand["overlap"] = _quantiles(np.concatenate([_overlaps(gestures) for _, _, gestures in sessions]), 0.0)
    hand["track_offset"] = _offsets(gestures[gestures["sort"] == 1])
    hand["landmark_offset"] = _offsets(gestures[gestures["sort"] == 2])
    return hand


def _as_played(actions: np.ndarray, gestures: np.ndarray, aspect: float) -> np.ndarray:
    """Returns the gestures from tick to tick, as they can be played.

    They start where the cursor was in the tick before, and a press is their arrival where the cursor still moved in the
    tick of the press.
    """
    gestures = gestures.copy()
    press, before = gestures["press"], actions[gestures["onset"] - 1]
    gestures["start_x"], gestures["start_y"] = before["cursor_x"], before["cursor_y"]
    x, y = gestures["x"], gestures["y"]
    way = np.hypot(x - before["cursor_x"], aspect * (y - before["cursor_y"]))
    step = np.hypot(x - actions["cursor_x"][press - 1], aspect * (y - actions["cursor_y"][press - 1]))
    in_motion = (gestures["arrival"] >= gestures["onset"]) & (step > IN_MOTION * way)
    gestures["arrival"][in_motion] = press[in_motion]
    return gestures


def _timed(sessions: list[Session], known: list[np.ndarray], first: str, last: str) -> np.ndarray:
    """Returns the gestures whose duration between two of their fields is certain; all gestures if those are few."""
    gestures = [gestures for _, _, gestures in sessions]
    sure = [each[_both_ends(ticks, each[first], each[last])] for each, ticks in zip(gestures, known, strict=True)]
    return np.concatenate(sure if sum(map(len, sure)) >= LEAST_CERTAIN else gestures)


def _key_lengths(actions: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """Returns for each key the durations of its presses, ticks; those with certain ends if there are any."""
    found = []
    for starts, lengths in key_presses(actions, MAX_KEYS):
        sure = lengths[_both_ends(known, starts, starts + lengths - 1)]
        found.append(sure if len(sure) else lengths)
    return found


def _both_ends(known: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Returns whether the ticks on both sides of two moments are certain."""
    ends = (np.maximum(first - 1, 0), first, last, np.minimum(last + 1, len(known) - 1))
    return np.asarray(np.stack([known[ticks] for ticks in ends]).all(axis=0), bool)


def _quantiles(values: np.ndarray, fallback: float) -> np.ndarray:
    if len(values) == 0:
        return np.full(NUM_QUANTILES, fallback, np.float32)
    middles = (np.arange(NUM_QUANTILES) + 0.5) / NUM_QUANTILES
    return np.asarray(np.quantile(values, middles, method="inverted_cdf"), np.float32)


def _fit_durations(hand: np.void, gestures: np.ndarray, aspect: float) -> None:
    """Fits Fitts' law to the movement times, ticks, and the deviations from it, which grow with the difficulty."""
    away = np.hypot(gestures["x"] - gestures["start_x"], aspect * (gestures["y"] - gestures["start_y"]))
    bits = np.log2(1.0 + away / np.maximum(gestures["size"], 1e-3)).astype(np.float64)
    ticks = (gestures["arrival"] - gestures["onset"] + 1).astype(np.float64)
    near, moved = away <= 0.5 * gestures["size"], ticks > 0
    hand["still"] = (~moved & near).sum() / (near.sum() + 1)  # never 1: one press says little
    bits, ticks = bits[moved], ticks[moved]
    hand["fitts"] = _line(bits, ticks) if len(ticks) else (FALLBACK_TICKS, 0.0)
    deviations = ticks - (hand["fitts"][0] + hand["fitts"][1] * bits)
    hand["fitts_spread"] = _line(bits, np.abs(deviations)) if len(ticks) else (0.0, 0.0)
    spread = np.maximum(hand["fitts_spread"][0] + hand["fitts_spread"][1] * bits, LEAST_SPREAD)
    hand["fitts_residual"] = _quantiles(deviations / spread, 0.0)


def _line(bits: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Fits a line that does not fall, by least squares; returns its value at 0 bits and its rise per bit."""
    if len(bits) < FEWEST_FOR_LINE or np.ptp(bits) < 1e-3:
        return float(values.mean()), 0.0
    rise, start = np.polyfit(bits, values, 1)
    return (float(start), float(rise)) if rise > 0 else (float(values.mean()), 0.0)


def _fit_curves(hand: np.void, sessions: list[Session], known: list[np.ndarray], aspect: float) -> None:
    """Selects NUM_CURVES of the person's curves, evenly spaced in the order of their length."""
    ways, ticks, curves = [], [], []
    for (_, actions, gestures), certain in zip(sessions, known, strict=True):
        for g in gestures[gestures["arrival"] >= gestures["onset"]]:
            during = np.arange(g["onset"] - 1, g["arrival"] + 1)
            path = np.stack([actions["cursor_x"][during], aspect * actions["cursor_y"][during]], axis=1).astype(float)
            way = path[-1] - path[0]
            fits = len(path) <= LONGEST_CURVE + 1 and np.hypot(*way) >= SHORTEST_CURVE
            if fits and certain[during].all():
                ways.append(way)
                ticks.append(len(during) - 1)
                curves.append(_normalised(path))
    if not curves:
        straight = np.linspace((0.0, 0.0), (0.1, 0.0), int(FALLBACK_TICKS) + 1)
        ways, ticks, curves = [straight[-1]], [len(straight) - 1], [_normalised(straight)]
    order = np.argsort([np.hypot(*way) for way in ways], kind="stable")
    picks = order[((np.arange(NUM_CURVES) + 0.5) / NUM_CURVES * len(order)).astype(int)]
    hand["curve_way"], hand["curve_ticks"] = np.array(ways)[picks], np.array(ticks)[picks]
    hand["curve"] = np.array(curves)[picks]


def _fit_drags(hand: np.void, sessions: list[Session], aspect: float) -> None:
    """Finds the presses during which the cursor moves on, up to the next motion if that begins before the release.

    A way that goes on after the release, or after which the next press comes soon and without a motion of its own, was
    the motion to that press.
    """
    sorts, ways, ticks, presses = [], [], [], np.zeros(NUM_SORTS)
    for _, actions, gestures in sessions:
        ends = np.minimum(gestures["release"], np.append(gestures["onset"][1:] - 1, len(actions) - 1)[: len(gestures)])
        ends = np.maximum(ends, gestures["press"])
        presses += np.bincount(gestures["sort"], minlength=NUM_SORTS)
        following = np.append(gestures["press"][1:] - gestures["release"][:-1], MAX_DWELL + 1)[: len(gestures)]
        still = np.append((gestures["arrival"] < gestures["onset"])[1:], False)[: len(gestures)]
        goes_on = np.append(gestures["onset"][1:] - gestures["release"][:-1] <= 2, False)[: len(gestures)]
        of_next = still & (following <= MAX_DWELL) | goes_on
        for g, end in zip(gestures[~of_next], ends[~of_next], strict=True):
            start, press = np.array([g["start_x"], aspect * g["start_y"]]), _cursor(actions[g["press"]], aspect)
            way, ahead = _cursor(actions[end], aspect) - press, press - start
            if np.hypot(*way) < SHORTEST_DRAG:
                continue
            length = float(np.hypot(*ahead))
            ahead = ahead / length if length > SHORTEST_CURVE else np.array([1.0, 0.0])
            sorts.append(int(g["sort"]))
            ways.append((float(way @ ahead), float(way[1] * ahead[0] - way[0] * ahead[1])))
            ticks.append(end - g["press"] + 1)
    if len(ways) < FEWEST_DRAGS:
        return
    hand["drag"] = np.bincount(sorts, minlength=NUM_SORTS) / np.maximum(presses, 1)
    order = np.argsort(np.hypot(*np.transpose(ways)), kind="stable")
    picks = order[((np.arange(NUM_DRAGS) + 0.5) / NUM_DRAGS * len(order)).astype(int)]
    hand["drag_way"], hand["drag_ticks"] = np.array(ways)[picks], np.array(ticks)[picks]


def _fit_hovers(hand: np.void, sessions: list[Session]) -> None:
    """Fits how often the hand hovers over things that it hovers over at all, and for how long.

    A hover that the hand did not end, for the cursor rested on when its object was gone, counts as long as the longest.
    """
    num_hovers, num_others, ticks, was_left = 0, 0, list[int](), list[bool]()
    for _, actions, gestures in sessions:
        hovers = gestures[gestures["button"] == HOVER]
        others = gestures[~np.isin(gestures["button"], (HOVER, int(Button.LEFT)))]
        num_hovers += len(hovers)
        num_others += int(np.isin(others["track_id"], hovers["track_id"]).sum())
        last = hovers["release"]
        after = np.minimum(last + 1, len(actions) - 1)
        way_x, way_y = (actions[name][after] - actions[name][last] for name in ("cursor_x", "cursor_y"))
        acted = (actions["button"][after] | actions["keys"][after]) != 0
        ticks += (last - hovers["press"] + 1).tolist()
        was_left += (acted | (np.hypot(way_x, way_y) > FAST)).tolist()
    if num_hovers:
        hand["hover_share"] = num_hovers / (num_hovers + num_others)
        hand["hover"] = _quantiles(np.where(was_left, ticks, max(ticks)), FALLBACK_PRESS)


def _overlaps(gestures: np.ndarray) -> np.ndarray:
    """Returns for each gesture the ticks before its release at which the hand was free for the next one; mostly 0.

    A hand that becomes free in a tick begins the next gesture in the tick after it, hence one more than the overlap.
    """
    ticks = gestures["release"][:-1] - gestures["onset"][1:] + 2
    most = np.minimum(gestures["release"] - gestures["press"], NUM_OVERLAP)[:-1]
    return np.asarray(np.where(ticks > 1, np.clip(ticks, 0, most), 0))


def _cursor(action: np.void, aspect: float) -> np.ndarray:
    return np.array([action["cursor_x"], aspect * action["cursor_y"]], np.float64)


def _normalised(path: np.ndarray) -> np.ndarray:
    """Returns a path (ticks, 2) along its straight way and to its right, in lengths of it: (LONGEST_CURVE + 1, 2)."""
    moved, way = path - path[0], path[-1] - path[0]
    length = float(way @ way)
    curve = np.tile([1.0, 0.0], (LONGEST_CURVE + 1, 1))
    curve[: len(path), 0] = moved @ way / length
    curve[: len(path), 1] = (moved[:, 1] * way[0] - moved[:, 0] * way[1]) / length
    return np.round(curve, CURVE_DECIMALS)


def _other_buttons(sessions: list[np.ndarray]) -> np.ndarray:
    """Returns shares of the buttons and keys of gestures without the left button, by that of the gesture before."""
    counts = np.zeros((NUM_CLICKING, NUM_CLICKING), np.float64)
    for pressed in sessions:
        buttons = np.where(pressed == HOVER, 0, pressed)  # counted as the left one, which is left out
        which = np.log2(np.maximum(buttons, 1)).astype(int)
        np.add.at(counts, (np.append(0, which)[: len(which)], which), 1)
    counts[:, 0] = 0.0
    rows = counts.sum(axis=1, keepdims=True)
    usual = counts.sum(axis=0) / max(counts.sum(), 1.0)
    return np.asarray(np.where(rows > 0, counts / np.maximum(rows, 1.0), usual), np.float32)


def _offsets(gestures: np.ndarray) -> np.ndarray:
    """Selects NUM_OFFSETS recorded click offsets, evenly spaced in the order of x."""
    if len(gestures) == 0:
        return np.zeros((NUM_OFFSETS, 2), np.float32)
    order = np.argsort(gestures["offset_x"], kind="stable")
    picks = order[((np.arange(NUM_OFFSETS) + 0.5) / NUM_OFFSETS * len(order)).astype(int)]
    return np.stack([gestures["offset_x"][picks], gestures["offset_y"][picks]], axis=1).astype(np.float32)
