from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.support.labelled_moments import correction, entries_of
from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.intent import Mode
from understudy.learning.corrections.aggregation import aggregate_corrections
from understudy.learning.corrections.state_augmentation import LEAD_S, AugmentedSegment, augment_with_corrected_health
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.worlds.simulator.engine.readings import HP, SHIELD


def pieces(
    tmp_path: Path, mode: Mode = Mode.EXPLORE, labelled_episodes: list[LabelledEpisode] | None = None
) -> list[AugmentedSegment]:
    labelled_episodes = labelled_episodes or teacher_lessons()
    lines = [correction(labelled_episodes[0], tick, Mode.FIGHT, mode, seconds=3) for tick in range(300, 2300, 200)]
    return augment_with_corrected_health(
        labelled_episodes,
        aggregate_corrections(entries_of(lines, tmp_path)).reviewed,
        PROFILE,
        np.random.default_rng(0),
    )


def test_what_was_done_in_the_mode_is_shown_with_the_bars_of_corrections(tmp_path: Path) -> None:
    found = pieces(tmp_path)
    assert found
    player = teacher_lessons()[0].observation.records["player"]
    wanted = player["gauges"][..., HP][300:2300:200]
    for piece in found:
        begin = int(np.argmax(piece.taught))
        shown = piece.labelled.observation.records["player"]["gauges"][..., HP]
        assert np.abs(wanted - shown[begin]).min() < 0.002
        assert (piece.labelled.labels.modes[piece.taught] == int(Mode.EXPLORE)).all()
        assert begin <= LEAD_S * 20


def test_nothing_but_the_bars_is_changed(tmp_path: Path) -> None:
    piece = pieces(tmp_path)[0]
    records = piece.labelled.observation.records
    for labelled in teacher_lessons():
        whole = labelled.observation.records
        first = np.flatnonzero(whole["time_s"] == records["time_s"][0])
        same = [at for at in first if (whole["player"]["x"][at : at + len(records)] == records["player"]["x"]).all()]
        if same:
            before = whole[same[0] : same[0] + len(records)].copy()
            before["player"]["gauges"][..., HP], before["player"]["gauges"][..., SHIELD] = (
                records["player"]["gauges"][..., HP],
                records["player"]["gauges"][..., SHIELD],
            )
            np.testing.assert_array_equal(before.tobytes(), records.tobytes())
            return
    raise AssertionError("the piece stems from no lesson")


def test_a_mode_that_was_never_played_has_no_pieces(tmp_path: Path) -> None:
    played = teacher_lessons()
    assert pieces(tmp_path, Mode.EXPLORE, played)
    without = [without_mode(labelled, Mode.EXPLORE) for labelled in played]
    assert pieces(tmp_path, Mode.EXPLORE, without) == []


def without_mode(labelled: LabelledEpisode, mode: Mode) -> LabelledEpisode:
    """The same play, its ticks of a mode read as flight."""
    modes = np.where(labelled.labels.modes == mode, int(Mode.FLEE), labelled.labels.modes)
    return replace(labelled, labels=replace(labelled.labels, modes=modes))
