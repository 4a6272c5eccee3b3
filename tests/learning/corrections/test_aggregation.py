from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.support.labelled_moments import correction, entries_of
from tests.support.teacher_play import teacher_lessons
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction
from understudy.feedback.state_snapshot import State
from understudy.learning.corrections.aggregation import AggregationResult, aggregate_corrections
from understudy.policies.context_features import CONTEXT_WIDTH


def settled(tmp_path: Path, *corrections: Correction) -> AggregationResult:
    return aggregate_corrections(entries_of(list(corrections), tmp_path))


def one(tick: int, right: Mode = Mode.FLEE, **what: object) -> Correction:
    return correction(teacher_lessons()[0], tick, Mode.FIGHT, right, **what)  # type: ignore[arg-type]


def test_moments_become_samples_with_their_look_back_and_confidence(tmp_path: Path) -> None:
    found = settled(tmp_path, one(400), one(600, Mode.FIGHT, confidence=0.5))
    judged = found.reviewed
    assert (len(judged), found.num_corrections, found.num_lines) == (2, 1, 2)
    assert judged.modes.tolist() == [int(Mode.FLEE), int(Mode.FIGHT)]
    np.testing.assert_allclose(judged.weights, [0.9, 0.5])
    assert judged.windows[0].shape == (10, CONTEXT_WIDTH)
    np.testing.assert_allclose(judged.windows[0][-1], teacher_lessons()[0].encoded.context[400], rtol=2e-3, atol=1e-4)


def test_the_same_line_twice_counts_once(tmp_path: Path) -> None:
    found = settled(tmp_path, one(400), one(600), one(400))
    assert (len(found.reviewed), found.num_duplicates, found.num_contradictions) == (2, 1, 0)


def test_a_copy_of_a_file_adds_nothing(tmp_path: Path) -> None:
    entries = entries_of([one(400), one(600)], tmp_path)
    copied = tuple(replace(entry, path=tmp_path / "corrections_copy.jsonl") for entry in entries)
    found = aggregate_corrections((*entries, *copied))
    assert (len(found.reviewed), found.num_duplicates) == (2, 2)


def test_of_two_answers_to_one_moment_the_better_supported_holds(tmp_path: Path) -> None:
    found = settled(tmp_path, one(400, Mode.FLEE, confidence=0.6), one(400, Mode.CAUTIOUS, confidence=0.7))
    assert found.reviewed.modes.tolist() == [int(Mode.CAUTIOUS)]
    assert found.num_contradictions == 1


def test_a_person_is_believed_before_any_critic(tmp_path: Path) -> None:
    person = one(405, Mode.FIGHT, source="person", confidence=0.3)
    found = settled(tmp_path, one(400), person, one(409))
    assert found.reviewed.modes.tolist() == [int(Mode.FIGHT)]
    assert (found.num_corrections, found.num_contradictions) == (0, 2)


def test_equally_heavy_contradictions_leave_nothing(tmp_path: Path) -> None:
    found = settled(tmp_path, one(400, Mode.FLEE), one(400, Mode.LOOT))
    assert (len(found.reviewed), found.num_contradictions) == (0, 2)


def test_lines_that_cannot_be_learnt_from_are_counted(tmp_path: Path) -> None:
    good = one(400)
    assert good.state.window is not None
    other = replace(good.state.window, layout="gesture-0")
    found = settled(
        tmp_path,
        replace(one(500), state=State(words="hand-written")),
        replace(one(600), state=replace(one(600).state, window=other)),
        good,
    )
    assert (len(found.reviewed), found.num_without_window, found.num_other_encoding) == (1, 1, 1)


def test_nothing_at_all_is_no_error(tmp_path: Path) -> None:
    assert len(aggregate_corrections(()).reviewed) == 0
