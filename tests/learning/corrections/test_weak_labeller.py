from pathlib import Path

import numpy as np

from tests.support.labelled_moments import correction, entries_of
from tests.support.teacher_play import teacher_lessons
from understudy.contract.intent import Mode
from understudy.learning.corrections.aggregation import LabelledMoments, aggregate_corrections
from understudy.learning.corrections.weak_labeller import fit_weak_labeller
from understudy.worlds.simulator.engine.readings import HP


def judged(tmp_path: Path) -> LabelledMoments:
    """Where the hull is below 0.75 the critic wants CAUTIOUS instead of FIGHT; else it agrees with FIGHT."""
    lines = []
    for labelled in teacher_lessons()[:3]:
        hull = labelled.observation.records["player"]["gauges"][..., HP]
        for tick in range(40, len(labelled), 23):
            right = Mode.CAUTIOUS if hull[tick] < 0.75 else Mode.FIGHT
            lines.append(correction(labelled, tick, Mode.FIGHT, right, seconds=2))
    return aggregate_corrections(entries_of(lines, tmp_path)).reviewed


def test_it_names_the_recorded_ticks_that_the_critic_would_have_corrected(tmp_path: Path) -> None:
    echo = fit_weak_labeller(judged(tmp_path))
    labelled = teacher_lessons()[3]
    disputed = echo.disagreement_mask(labelled)
    hull = labelled.observation.records["player"]["gauges"][..., HP]
    fighting = labelled.labels.modes == int(Mode.FIGHT)
    assert disputed[fighting & (hull < 0.65)].mean() > 0.6
    assert disputed[fighting & (hull > 0.85)].mean() < 0.05
    assert not disputed[~fighting].any(), "only what was corrected is disputed"


def test_a_rare_kind_of_correction_is_not_looked_for(tmp_path: Path) -> None:
    found = judged(tmp_path)
    rare = np.flatnonzero(~found.is_correction)[:2]
    modes = found.modes.copy()
    modes[rare] = int(Mode.EXPLORE)
    changed = LabelledMoments(
        windows=found.windows, modes=modes, policy_modes=found.policy_modes, weights=found.weights, health=found.health
    )
    assert fit_weak_labeller(changed).pairs == {(int(Mode.FIGHT), int(Mode.CAUTIOUS))}
