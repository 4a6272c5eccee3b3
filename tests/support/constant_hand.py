"""Hands without chance, for tests: every motion takes as long, every click lands on the centre."""

from collections.abc import Sequence

import numpy as np

from understudy.policies.motor_model import MOTOR_MODEL


def steady_hand(duration: int = 5, dwell: int = 2, press: int = 3, key_press: int = 4) -> np.void:
    """A hand from before there were curves that always takes as long, moves evenly and clicks on centres."""
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    hand["duration"], hand["dwell"], hand["press"], hand["key_press"] = duration, dwell, press, key_press
    hand["profile"] = np.linspace(0, 1, len(hand["profile"]))
    return hand


def curved_hand(points: Sequence[tuple[float, float]], dwell: int = 2, press: int = 3) -> np.void:
    """A hand with one curve for all ways: where the cursor is after each tick, along the way and to its right."""
    hand = steady_hand(0, dwell, press)
    hand["profile"] = 0.0
    hand["curve"] = (1.0, 0.0)
    hand["curve"][:, : len(points)] = points
    hand["curve_way"], hand["curve_ticks"] = (0.2, 0.0), len(points) - 1
    hand["fitts"] = (len(points) - 1, 0.0)
    return hand
