"""Corrections made by hand from a teacher's play, for tests that learn from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import Entry, read_corrections
from understudy.feedback.state_snapshot import describe, pack_window
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.policies.encoder import ENCODING
from understudy.worlds.catalog import load_profile

PROFILE = load_profile()


def correction(
    labelled: LabelledEpisode, tick: int, bot: Mode, right: Mode, seconds: int = 10, **what: object
) -> Correction:
    """A line about a tick of a lesson, with the look back that leads to it."""
    ticks = np.arange(tick, max(-1, tick - 20 * seconds), -20)[::-1]
    record = labelled.observation.records[tick]
    state = replace(describe(record, PROFILE), window=pack_window(labelled.encoded.context[ticks], ENCODING))
    made = Correction(
        state=state, bot_action=bot, vlm_correction=right, confidence=0.9, time_s=float(record["time_s"]) + 1.0
    )
    return replace(made, **what)  # type: ignore[arg-type]


def entries_of(corrections: list[Correction], folder: Path) -> tuple[Entry, ...]:
    """Written and read back."""
    log = CorrectionLog(folder / "corrections_1.jsonl")
    for one in corrections:
        log.append(one)
    log.close()
    return read_corrections(folder).entries
