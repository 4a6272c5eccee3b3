"""A hand without chance, for tests: every motion takes as long, every click lands on the centre."""

import numpy as np

from understudy.policies.motor_model import MOTOR_MODEL


def steady_hand(duration: int = 5, dwell: int = 2, press: int = 3, key_press: int = 4) -> np.void:
    """A hand that always takes as long, moves evenly and clicks on centres."""
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    hand["duration"], hand["dwell"], hand["press"], hand["key_press"] = duration, dwell, press, key_press
    hand["profile"] = np.linspace(0, 1, len(hand["profile"]))
    return hand
