"""Digests of batches under the names and shapes that fields had when the expected values were computed."""

from typing import Any

from tests.golden.digests import digest
from understudy.learning.data.executor_batch import ExecutorBatch

_INPUTS = ("context", "tracks", "kinds", "landmarks")


def digest_labelled(batch: ExecutorBatch) -> dict[str, Any]:
    """Of ticks of labelled episodes, in four views."""
    fields = {name: getattr(batch, name) for name in (*_INPUTS, "conditioning", "target_probs", "started")}
    fields |= {
        "free": batch.can_start_gesture,
        "candidates": batch.target,
        "points": batch.position,
        "right": batch.is_other_button.float(),
        "key_onsets": batch.keys,
        "keys_down": ~batch.key_available,
    }
    return {name: digest(value) for name, value in fields.items()}


def digest_rollout(batch: ExecutorBatch) -> dict[str, Any]:
    """Of ticks that an Executor played, in one view; what was not held then is left out."""
    same = ("can_start_gesture", "expected_onsets", "target", "is_other_button", "position", "key_available", "keys")
    fields = {name: getattr(batch, name) for name in (*_INPUTS, *same)}
    fields |= {"conditioning": batch.conditioning[0], "target_probs": batch.target_probs[0]}
    return {name: digest(value) for name, value in fields.items()}
