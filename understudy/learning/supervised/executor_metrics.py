"""The guide's metrics for an Executor that plans gestures: position error and click accuracy, one tick ahead.

Each tick's cursor is predicted from the previous true cursor, the destination predicted at the gesture's onset and the
motor model's speed; each tick's button from the motor model's timing. The trivial baselines, which pass the guide's
thresholds without observing anything, are a cursor that stays in place and a button that is never pressed.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64

from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.policies.executor_distribution import target_positions
from understudy.policies.motor_model import difficulty, typical_duration, typical_profile

TOLERANCE_TICKS = 5
"""Tolerance for a predicted onset: a quarter of a second."""


@dataclass(frozen=True)
class ExecutorForecast:
    """An Executor's predictions for every tick of a session."""

    gesture_probability: Float[np.ndarray, " T"]
    """Probability that a gesture begins."""
    destination: Float[np.ndarray, "T 2"]
    """Most likely click position of a gesture that begins here, window fractions."""


def likeliest_positions(
    labelled: LabelledEpisode,
    target: Int64[np.ndarray, " T"],
    minimap: Float[np.ndarray, "T 2"],
    space: Float[np.ndarray, "T 2"],
    minimap_area: tuple[float, float, float, float],
) -> Float[np.ndarray, "T 2"]:
    """Returns the window positions of the likeliest candidates of a session's ticks, window fractions.

    Args:
        labelled: T ticks.
        target: the likeliest candidates.
        minimap, space: likeliest points, -1..1.
        minimap_area: left, top, width, height of the minimap, window fractions.
    """
    seen = [labelled.observation.records[name] for name in ("tracks", "landmarks")]
    tracks, landmarks = (torch.from_numpy(np.stack([one["x"], one["y"]], axis=-1)) for one in seen)
    on_map, in_space = torch.from_numpy(minimap), torch.from_numpy(space)
    found = target_positions(torch.from_numpy(target), tracks, landmarks, on_map, in_space, minimap_area)
    return found.double().numpy()


def guide_metrics(
    labelled: LabelledEpisode, foretold: ExecutorForecast, hand: np.void, generator: np.random.Generator
) -> dict[str, float]:
    """Computes the metrics of one session; each `_baseline` is the trivial predictor's.

    Position errors are mean Euclidean distances in window fractions, accuracies are shares of ticks.
    """
    cursor = np.stack([labelled.actions["cursor_x"], labelled.actions["cursor_y"]], axis=1).astype(np.float64)
    before = np.concatenate([cursor[:1], cursor[:-1]])
    guess, pressed, moving = _simulate_cursor(labelled, foretold, hand, before)
    error, still = np.linalg.norm(guess - cursor, axis=1), np.linalg.norm(before - cursor, axis=1)
    down = labelled.actions["button"] != 0
    gestures = labelled.labels.gestures
    clicks = np.stack([gestures["x"], gestures["y"]], axis=1)
    starts = np.stack([gestures["start_x"], gestures["start_y"]], axis=1)
    off = np.linalg.norm(foretold.destination[gestures["onset"]] - clicks, axis=1)
    recall, precision = _onset_matches(
        foretold.gesture_probability * labelled.can_start_gesture, gestures["onset"], generator
    )
    rate = np.full(len(labelled), len(gestures) / max(labelled.can_start_gesture.sum(), 1)) * labelled.can_start_gesture
    trivial_recall, trivial_precision = _onset_matches(rate, gestures["onset"], generator)
    return {
        "position_error": float(error.mean()),
        "position_error_baseline": float(still.mean()),
        "moving_position_error": _mean(error[moving]),
        "moving_position_error_baseline": _mean(still[moving]),
        "destination_error": _mean(off),
        "destination_error_baseline": _mean(np.linalg.norm(starts - clicks, axis=1)),
        "click_accuracy": float((pressed == down).mean()),
        "click_accuracy_baseline": float((~down).mean()),
        "onset_recall": recall,
        "onset_recall_baseline": trivial_recall,
        "onset_precision": precision,
        "onset_precision_baseline": trivial_precision,
    }


def _simulate_cursor(
    labelled: LabelledEpisode, foretold: ExecutorForecast, hand: np.void, before: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the predicted (cursor, button down, moving) of each tick, given which gestures began."""
    guess, pressed = before.copy(), np.zeros(len(labelled), bool)
    moving = np.zeros(len(labelled), bool)
    middle = hand["press"].shape[1] // 2
    profile = typical_profile(hand)
    knots = np.linspace(0.0, 1.0, len(profile))
    for g in labelled.labels.gestures:
        goal = foretold.destination[g["onset"]]
        away = float(np.hypot(*(goal - before[g["onset"]])))
        duration = max(round(typical_duration(hand, difficulty(away, float(g["size"])))), 1)
        for tick in range(g["onset"], g["press"]):
            done, after = np.interp(np.array([tick, tick + 1]) - g["onset"], knots * duration, profile)
            share = (after - done) / max(1.0 - done, 1e-6) if done < 1.0 else 1.0
            share *= float(foretold.gesture_probability[tick]) if tick == g["onset"] else 1.0
            guess[tick] = before[tick] + share * (goal - before[tick])
            moving[tick] = tick <= g["arrival"]
        press = g["onset"] + duration + max(round(float(hand["dwell"][middle])), 0)
        pressed[press : press + max(round(float(hand["press"][g["sort"], middle])), 1)] = True
    return guess, pressed, moving


def _onset_matches(probability: np.ndarray, onsets: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """Returns (recall, precision) of onsets drawn from the hazards, within TOLERANCE_TICKS, each matched once."""
    drawn = np.flatnonzero(generator.random(len(probability)) < probability)
    matched, at = 0, 0
    for onset in onsets:
        while at < len(drawn) and drawn[at] < onset - TOLERANCE_TICKS:
            at += 1
        if at < len(drawn) and drawn[at] <= onset + TOLERANCE_TICKS:
            matched, at = matched + 1, at + 1
    return matched / max(len(onsets), 1), matched / max(len(drawn), 1)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
