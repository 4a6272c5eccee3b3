"""The picture of a correction: the one that was kept, else drawn from its observation where the game can be drawn."""

import os
import threading
from functools import cache

import numpy as np

from understudy.contract.errors import WireError
from understudy.contract.intent import no_intent
from understudy.feedback.correction_reader import Entry
from understudy.feedback.drawable import is_drawable
from understudy.feedback.state_snapshot import unpack_record
from understudy.viewer.annotated_clip import IntentRenderer, jpeg
from understudy.worlds.catalog import load_profile

_drawing = threading.Lock()


def correction_picture(entry: Entry) -> bytes | None:
    """Returns the stored frame as JPEG; draws one if the game can be drawn; otherwise None."""
    kept = entry.read_frame()
    if kept is not None:
        return kept
    packed = entry.correction.state.observation
    if packed is None:
        return None
    try:
        record = unpack_record(packed)
    except WireError:
        return None
    return _drawn(record, entry) if is_drawable(record[0], load_profile("darkorbit")) else None


def _drawn(record: np.ndarray, entry: Entry) -> bytes:
    intent = no_intent(1).records
    intent["mode"], intent["target_id"] = int(entry.correction.bot_action), entry.correction.bot_target
    intent["mode_probabilities"][0, int(entry.correction.bot_action)] = 1.0
    with _drawing:  # one surface for all
        return jpeg(_intent_renderer().draw(record[0], intent[0]))


@cache
def _intent_renderer() -> IntentRenderer:
    """Returns the embedded game's renderer, created once: painting its backgrounds takes half a second."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    return IntentRenderer(load_profile("darkorbit"))
