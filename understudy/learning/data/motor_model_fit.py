"""Fits the motor model to a person's gestures: movement times by Fitts' law, dwell, press durations, click offsets."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from understudy.contract.observation import Observation
from understudy.learning.data.gesture_segmentation import key_presses
from understudy.policies.click_semantics import MAX_KEYS, NUM_CLICKING
from understudy.policies.motor_model import (
    MAX_DIFFICULTY,
    MOTOR_MODEL,
    NUM_DIFFICULTIES,
    NUM_KNOTS,
    NUM_OFFSETS,
    NUM_QUANTILES,
    NUM_SORTS,
)

FALLBACK_TICKS = 4.0
"""Movement time, ticks, where a recording has too few gestures to fit; 0.2 s is typical of a short aimed movement."""
FALLBACK_PRESS = 2.0


LEAST_CERTAIN = 30
"""Minimum of gestures or presses with both ends recorded; with fewer, filled-in ones are used too."""

Session = tuple[Observation, np.ndarray, np.ndarray]
"""Observation, actions, gestures."""


def fit_motor_model(sessions: list[Session], certain: Sequence[Bool[np.ndarray, " T"] | None] | None = None) -> np.void:
    """Fits one motor model.

    Args:
        sessions: (observation, actions, gestures) of each session.
        certain: for each session the mask of ticks with known input; None for all. Durations are measured between such
            ticks.

    Returns:
        One record of dtype MOTOR_MODEL.
    """
    known = [
        np.ones(len(actions), bool) if ticks is None else ticks
        for (_, actions, _), ticks in zip(sessions, certain or [None] * len(sessions), strict=True)
    ]
    gestures = np.concatenate([gestures for _, _, gestures in sessions])
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    hand["duration"] = _durations(_timed(sessions, known, "onset", "arrival"))
    hand["profile"] = _profile(sessions, known)
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
    hand["other_button"] = _other_buttons([gestures["button"] for _, _, gestures in sessions])
    hand["track_offset"] = _offsets(gestures[gestures["sort"] == 1])
    hand["landmark_offset"] = _offsets(gestures[gestures["sort"] == 2])
    return hand


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


def _durations(gestures: np.ndarray) -> np.ndarray:
    """Fits movement times, ticks, by index of difficulty (Fitts' law); a sparse bin uses the nearest other."""
    away = np.hypot(gestures["x"] - gestures["start_x"], gestures["y"] - gestures["start_y"])
    bits = np.log2(1.0 + away / np.maximum(gestures["size"], 1e-3))
    bins = (np.clip(bits / MAX_DIFFICULTY, 0.0, 0.999) * NUM_DIFFICULTIES).astype(int)
    ticks = gestures["arrival"] - gestures["onset"] + 1
    filled = [row for row in range(NUM_DIFFICULTIES) if np.sum(bins == row) >= 5]
    table = np.full((NUM_DIFFICULTIES, NUM_QUANTILES), FALLBACK_TICKS, np.float32)
    for row in range(NUM_DIFFICULTIES):
        if filled:
            source = min(filled, key=lambda other: abs(other - row))
            table[row] = _quantiles(ticks[bins == source], FALLBACK_TICKS)
    return table


def _profile(sessions: list[Session], known: list[np.ndarray]) -> np.ndarray:
    """Returns the mean speed profile: the share of the path covered over time, over gestures of at least 3 ticks."""
    shares = np.linspace(0.0, 1.0, NUM_KNOTS)
    curves = []
    for (_, actions, gestures), certain in zip(sessions, known, strict=True):
        for g in gestures[(gestures["arrival"] - gestures["onset"] >= 2)]:
            ticks = np.arange(g["onset"] - 1, g["arrival"] + 1)
            path = np.stack([actions["cursor_x"][ticks], actions["cursor_y"][ticks]], axis=1)
            way = path[-1] - path[0]
            length = float(way @ way)
            if length > 1e-4 and certain[ticks].all():
                covered = (path - path[0]) @ way / length
                curves.append(np.interp(shares, np.linspace(0.0, 1.0, len(ticks)), covered))
    if not curves:
        return np.asarray(shares, np.float32)
    return np.asarray(np.clip(np.mean(curves, axis=0), 0.0, 1.0), np.float32)


def _other_buttons(sessions: list[np.ndarray]) -> np.ndarray:
    """Returns shares of the buttons and keys of gestures without the left button, by that of the gesture before."""
    counts = np.zeros((NUM_CLICKING, NUM_CLICKING), np.float64)
    for buttons in sessions:
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
