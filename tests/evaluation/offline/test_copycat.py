"""The copycat check on policies whose answer is known: one that looks, one that goes by its memory, a deaf one."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from understudy.evaluation.offline.copycat import (
    MEMORY_DROP,
    MEMORY_SHARE,
    NAME,
    PRESENT_DROP,
    SKILL_PLACE,
    SKILL_THING,
    copycat_check,
    memory_columns,
    skill_over_repeat,
    verdict_line,
)
from understudy.evaluation.rollouts.trajectory import fresh_sessions
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.policies.executor import Executor, ExecutorConfig, ExecutorOutput
from understudy.policies.mixture_density import window_mixture
from understudy.policies.policy_bundle import PolicyBundle
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

PROFILE = load_profile()


@pytest.fixture(scope="module")
def labelled() -> LabelledEpisode:
    """Two minutes of the teacher."""
    return fresh_sessions(Teacher("hunter", PROFILE), np.array([21], np.uint64), 120.0)[0]


class OneFeature(Executor):
    """Starts a gesture by one number alone."""

    def __init__(self, listen: Callable[..., torch.Tensor]) -> None:
        super().__init__(ExecutorConfig(width=16))
        self.listen = listen

    def forward(self, *shown: torch.Tensor) -> ExecutorOutput:  # type: ignore[override]
        said = super().forward(*shown)
        return ExecutorOutput(
            self.listen(*shown),
            said.pointer_logits,
            said.right_logit,
            said.minimap_density,
            said.space_density,
            torch.full_like(said.key_logits, -5.0),
        )


def told(labelled: LabelledEpisode, executor: Executor) -> dict[str, float]:
    torch.manual_seed(0)
    hand = fit_motor_model([(labelled.observation, labelled.actions, labelled.labels.gestures)])
    report = copycat_check([PolicyBundle(executor.eval(), hand)], [labelled], PROFILE)
    assert report.name == NAME
    return {metric.name: metric.value for metric in report.metrics}


def fitted(labelled: LabelledEpisode, columns: np.ndarray) -> Executor:
    """A regression of when gestures begin on some features of the context."""
    shown, began = (
        labelled.encoded.context * columns,
        (labelled.gesture_index >= 0) - float((labelled.gesture_index >= 0).mean()),
    )
    weights = np.linalg.solve(shown.T @ shown + 10.0 * np.eye(shown.shape[1]), shown.T @ began)
    found = torch.from_numpy((10.0 * columns * weights).astype(np.float32))
    return OneFeature(lambda context, *_: context @ found - 3.0)


def test_who_goes_by_its_memory_is_told_from_who_looks(labelled: LabelledEpisode) -> None:
    columns = memory_columns(labelled, PROFILE).context
    copycat, onlooker = told(labelled, fitted(labelled, columns)), told(labelled, fitted(labelled, ~columns))
    assert copycat[MEMORY_SHARE] == pytest.approx(1.0, abs=1e-3)
    assert onlooker[MEMORY_SHARE] == pytest.approx(0.0, abs=1e-3)
    assert copycat[MEMORY_DROP] > 1.0 and onlooker[PRESENT_DROP] > 1.0  # nats a minute


def test_who_does_not_listen_at_all_leans_on_nothing(labelled: LabelledEpisode) -> None:
    deaf = told(labelled, OneFeature(lambda context, *_: torch.full((len(context),), -3.0)))
    assert deaf[MEMORY_DROP] == deaf[PRESENT_DROP] == 0
    assert np.isnan(deaf[MEMORY_SHARE])


def test_knowing_where_the_hand_goes_is_skill_over_repeating(labelled: LabelledEpisode) -> None:
    """An Executor that always points at what is truly clicked, in place of one that points anywhere."""

    class Knowing(OneFeature):
        def forward(self, *shown: torch.Tensor) -> ExecutorOutput:  # type: ignore[override]
            said = super().forward(*shown)
            truth = torch.from_numpy(labelled.targets[: len(said.start_logit)])
            logits = torch.where(truth[:, None] == torch.arange(said.pointer_logits.shape[1]), 50.0, 0.0)
            points = torch.from_numpy(labelled.positions[: len(truth)])
            sure = torch.full((len(truth), 1), -3.0)
            there = window_mixture(torch.cat([0.0 * sure, points, sure, sure], dim=1)[:, None])
            start = torch.full_like(said.start_logit, 5.0)
            return ExecutorOutput(start, logits, said.right_logit, there, there, said.key_logits)

    knowing, guessing = (
        told(labelled, kind(lambda context, *_: torch.zeros(len(context)))) for kind in (Knowing, OneFeature)
    )
    assert knowing[SKILL_THING] == 1.0
    assert guessing[SKILL_THING] < 0.5
    assert knowing[SKILL_PLACE] > 0.9 > 0.5 > guessing[SKILL_PLACE]


def test_skill_is_unknown_where_repeating_makes_no_error() -> None:
    assert np.isnan(skill_over_repeat(0.1, 0.0))
    assert skill_over_repeat(0.05, 0.1) == 0.5


def test_the_terminal_says_who_looks_and_who_copies(labelled: LabelledEpisode) -> None:
    columns = memory_columns(labelled, PROFILE).context
    hand = fit_motor_model([(labelled.observation, labelled.actions, labelled.labels.gestures)])
    copycat, onlooker = (
        verdict_line(copycat_check([PolicyBundle(fitted(labelled, shown).eval(), hand)], [labelled], PROFILE))
        for shown in (columns, ~columns)
    )
    assert copycat.startswith("Copycat check: skill over repeating ") and copycat.endswith("a copycat.")
    assert onlooker.endswith(": it looks.")
