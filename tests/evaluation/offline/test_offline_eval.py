"""Every head is reported on play that it has not seen, with its levels or without."""

from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.evaluation.offline.head_metrics import HeadReport, Metric
from understudy.evaluation.offline.offline_eval import held_out_heads, training_figures
from understudy.evaluation.rollouts.trajectory import fresh_sessions
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.policies.checkpoint import BEST, Checkpoint, CheckpointMeta, save_checkpoint
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

PROFILE = load_profile()


@pytest.fixture(scope="module")
def labelled_episodes() -> list[LabelledEpisode]:
    """Half a minute of the teacher in each of two worlds."""
    return fresh_sessions(Teacher("hunter", PROFILE), np.array([21, 22], np.uint64), 30.0)


def policies(strategist: bool = True, tactician: bool = True) -> PolicyBundle:
    torch.manual_seed(0)
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    return PolicyBundle(
        Executor(ExecutorConfig(width=16)).eval(),
        hand,
        Strategist(StrategistConfig(width=16, layers=1)).eval() if strategist else None,
        Tactician(TacticianConfig(width=16)).eval() if tactician else None,
    )


def metric(report: HeadReport, name: str) -> Metric:
    return next(found for found in report.metrics if found.name == name)


def names(reports: tuple[HeadReport, ...]) -> list[str]:
    return [report.name for report in reports]


def test_every_head_has_its_report(labelled_episodes: list[LabelledEpisode]) -> None:
    found = names(held_out_heads(policies(), labelled_episodes, PROFILE))
    assert found[:4] == [
        "Strategist: mode",
        "Tactician: kind of target",
        "Executor: a gesture begins",
        "Executor: what it goes to",
    ]
    assert "Executor: key ctrl goes down" in found


def test_levels_that_are_not_there_have_none(labelled_episodes: list[LabelledEpisode]) -> None:
    assert names(held_out_heads(policies(False, False), labelled_episodes, PROFILE))[0] == "Executor: a gesture begins"
    assert names(held_out_heads(policies(False, True), labelled_episodes, PROFILE))[0] == "Tactician: kind of target"


def test_every_second_and_every_decision_is_counted_once(labelled_episodes: list[LabelledEpisode]) -> None:
    modes, targets, start, things = held_out_heads(policies(), labelled_episodes, PROFILE)[:4]
    totals = [np.sum(report.confusion.counts) for report in (modes, targets, things) if report.confusion]
    gestures = sum(int((labelled.targets >= 0).sum()) for labelled in labelled_episodes)
    assert totals == [2 * 30, 2 * 150, gestures]
    assert start.calibration is not None
    assert sum(start.calibration.counts) == sum(int(labelled.can_start_gesture.sum()) for labelled in labelled_episodes)


def test_untrained_heads_are_no_better_than_knowing_nothing(labelled_episodes: list[LabelledEpisode]) -> None:
    modes = held_out_heads(policies(), labelled_episodes, PROFILE)[0]
    loss = metric(modes, "log loss")
    assert loss.trivial is not None and loss.value > loss.trivial


def test_a_key_is_judged_only_where_it_could_go_down(labelled_episodes: list[LabelledEpisode]) -> None:
    report = next(r for r in held_out_heads(policies(), labelled_episodes, PROFILE) if "ctrl" in r.name)
    assert report.calibration is not None
    assert sum(report.calibration.counts) == sum(
        int((~labelled.keys_down[:, 0]).sum()) for labelled in labelled_episodes
    )


def test_play_without_a_click_has_no_report_of_what_was_clicked(labelled_episodes: list[LabelledEpisode]) -> None:
    idle = labelled_episodes[0].actions.copy()
    idle["button"] = 0
    quiet = label_episode(labelled_episodes[0].observation, idle, PROFILE)
    assert "Executor: what it goes to" not in names(held_out_heads(policies(), [quiet], PROFILE))


def test_the_trainings_own_figures_stand_beside_floors_and_baselines(tmp_path: Path) -> None:
    metrics = {"accuracy": 0.7, "mode_accuracy": 0.7, "mode_accuracy_baseline": 0.5}
    (tmp_path / "strategist").mkdir()
    meta = CheckpointMeta(policy="strategist", encoding="any", metrics=metrics)
    save_checkpoint(tmp_path / "strategist" / BEST, Checkpoint(meta=meta, weights={"w": torch.zeros(1)}))
    (report,) = training_figures(tmp_path)
    found = metric(report, "mode accuracy")
    assert (found.value, found.trivial, found.floor) == (0.7, 0.5, 0.8)
