"""Does a policy predict the person, or does it merely repeat what was done a moment ago?

At 20 Hz the best guess for the next action is the last one, and a policy that sees its own last action can score well
by copying it and never start anything (de Haan and others 2019, arXiv 1905.11979). So predictions are judged where
the person did something new, and as skill over repeating: 0 is a copycat, 1 is perfect.
"""

import numpy as np
from jaxtyping import Bool

from understudy.contract.action import Action
from understudy.evaluation.heads import HeadReport, Metric

MOVED = 0.002
"""Window fractions that the cursor must travel in a tick to count as moving (about 3 pixels of 1280)."""


def repeat_last(done: Action) -> Action:
    """What a copycat would have predicted for T consecutive ticks: the action of the tick before."""
    records = done.records.copy()
    records[1:] = done.records[:-1]
    return Action(records)


def skill_over_repeat(error: float, repeat_error: float) -> float:
    """1 - error / error of repeating; NaN where repeating makes no error."""
    return 1 - error / repeat_error if repeat_error > 0 else float("nan")


def changed(done: Action) -> Bool[np.ndarray, " T"]:
    """Ticks on which the person did something new: moved the cursor, or changed a button or a key."""
    before = repeat_last(done).records
    now = done.records
    return np.asarray(
        (_distance(now, before) > MOVED) | (now["button"] != before["button"]) | (now["keys"] != before["keys"])
    )


def copycat_head(predicted: Action, done: Action) -> HeadReport:
    """Compares predictions for T consecutive ticks of one session with what the person did, beside repeating.

    Args:
        predicted: for each tick, from observations up to that tick.
        done: what the person did.
    """
    assert len(predicted) == len(done)
    copy = repeat_last(done)
    moving = _distance(done.records, copy.records) > MOVED
    new = changed(done)
    position, position_copy = (_mean(_distance(one.records, done.records)[moving]) for one in (predicted, copy))
    buttons, buttons_copy = (_mean(_wrong_buttons(one, done)[new]) for one in (predicted, copy))
    metrics = (
        Metric(
            name="cursor error on moving ticks",
            value=position,
            trivial=position_copy,
            trivial_name="repeat the last action",
            higher_is_better=False,
        ),
        Metric(
            name="buttons and keys wrong on changing ticks",
            value=buttons,
            trivial=buttons_copy,
            trivial_name="repeat the last action",
            higher_is_better=False,
            is_share=True,
        ),
        Metric(
            name="skill over repeating, cursor",
            value=skill_over_repeat(position, position_copy),
            trivial=0.0,
            trivial_name="repeat the last action",
        ),
        Metric(
            name="skill over repeating, buttons and keys",
            value=skill_over_repeat(buttons, buttons_copy),
            trivial=0.0,
            trivial_name="repeat the last action",
        ),
    )
    return HeadReport(name="copycat check", metrics=metrics)


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(first["cursor_x"] - second["cursor_x"], first["cursor_y"] - second["cursor_y"]))


def _wrong_buttons(predicted: Action, done: Action) -> np.ndarray:
    return np.asarray(
        (predicted.records["button"] != done.records["button"]) | (predicted.records["keys"] != done.records["keys"])
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
