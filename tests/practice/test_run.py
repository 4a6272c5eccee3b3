"""Practice from beginning to end on a small scale: learns, resumes, stages; a full disk costs no more than it must."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.small_policies import write_brain
from understudy.contract.errors import CheckpointError, TrainingError
from understudy.contract.workers.worker_pool import LocalProcesses
from understudy.learning.registry.policy_lock import training_lock
from understudy.learning.rl.ppo import PPOConfig
from understudy.learning.rl.ppo_trainer import PPOTrainerConfig
from understudy.learning.rl.rl_checkpoint import RL_CHECKPOINT_NAME
from understudy.learning.rl.value_function import ValueConfig
from understudy.policies.checkpoint import BEST, load_checkpoint, save_checkpoint
from understudy.policies.policy_bundle import SamplingConfig
from understudy.practice.plot import draw_practice, smooth
from understudy.practice.rollout_collector import GROUP, CollectorConfig
from understudy.practice.run import PLOT, EvaluatedCandidate, PracticeRun, RolloutReport, RunSettings

TICKS = 20
STRETCH_HOURS = GROUP * TICKS / 72_000


def settings(tmp_path: Path, stretches: int, resume: bool = False) -> RunSettings:
    return RunSettings(
        models=tmp_path / "models",
        out=tmp_path / "out",
        hours=stretches * STRETCH_HOURS,
        judge_hours=1000.0,
        trainer=PPOTrainerConfig(
            policy=PPOConfig(n_epochs=1), value=ValueConfig(steps=2, batch_size=64), value_warmup_rollouts=1
        ),
        ground=CollectorConfig(worlds=GROUP, rollout_ticks=TICKS, rollouts_per_episode=2),
        gate=None,
        resume=resume,
        save_every_s=0.0,
    )


def test_it_plays_learns_draws_and_stages(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models", pointer_places="together")
    before = load_checkpoint(models / "executor" / BEST)
    told: list[RolloutReport] = []
    judged: list[EvaluatedCandidate] = []
    run = PracticeRun(settings(tmp_path, 4), told.append, judged.append)
    assert run.trainer.policy.sampling == run.policies.sampling == SamplingConfig(pointer_places="together")
    run.run()
    assert [round(report.hours / STRETCH_HOURS) for report in told] == [1, 2, 3, 4]
    assert all(report.times_real > 0 for report in told)
    assert (tmp_path / "out" / PLOT).stat().st_size > 5000
    assert load_checkpoint(models / "executor" / BEST).identity == before.identity, "only the gate lets it play"
    if run.trainer.policy.num_steps:
        (one,) = judged
        candidate = load_checkpoint(one.path, "executor")
        assert candidate.meta.config == before.meta.config
        assert candidate.identity != before.identity and candidate.continues(before.identity)
        assert {parent.what for parent in candidate.meta.lineage} >= {"base", "person", "practice"}


@pytest.mark.slow
def test_other_processes_play_the_same(tmp_path: Path) -> None:
    learned = []
    with LocalProcesses(2) as pool:
        for name, executor in (("here", None), ("there", pool)):
            write_brain(tmp_path / name / "models")
            two_groups = CollectorConfig(worlds=2 * GROUP, rollout_ticks=TICKS, rollouts_per_episode=2)
            run = PracticeRun(replace(settings(tmp_path / name, 6), ground=two_groups), executor=executor)
            run.run()
            learned.append((run.progress.curve, run.trainer.policy.ema_state_dict))
    (curve, weights), (curve_there, weights_there) = learned
    assert len(curve) == 3 and curve == curve_there
    assert all(torch.equal(weights[name], weights_there[name]) for name in weights)


def test_two_do_not_practise_into_one_folder(tmp_path: Path) -> None:
    write_brain(tmp_path / "models")
    run = PracticeRun(settings(tmp_path, 1))
    with training_lock(tmp_path / "out"), pytest.raises(TrainingError, match="trained into already"):
        run.run()


def test_it_goes_on_where_it_stopped_in_worlds_that_it_has_not_seen(tmp_path: Path) -> None:
    write_brain(tmp_path / "models")
    first = PracticeRun(settings(tmp_path, 2))
    first.run()
    second = PracticeRun(settings(tmp_path, 4, resume=True))
    assert second.hours == pytest.approx(2 * STRETCH_HOURS)
    assert second.trainer.num_rollouts == 2
    seeds_before = second.progress.seeds_used
    second.run()
    assert second.progress.seeds_used > seeds_before >= GROUP
    assert len(second.progress.curve) == 4
    longer_lives = CollectorConfig(worlds=GROUP, rollout_ticks=TICKS, rollouts_per_episode=3)
    other = replace(settings(tmp_path, 4, resume=True), ground=longer_lives)
    with pytest.raises(
        TrainingError, match=r"with rollouts_per_episode [0-9]+, now 3 is asked for: .* leave --resume out"
    ):
        PracticeRun(other)


def test_there_has_to_be_something_to_resume(tmp_path: Path) -> None:
    write_brain(tmp_path / "models")
    with pytest.raises(CheckpointError):
        PracticeRun(settings(tmp_path, 1, resume=True))


@pytest.mark.parametrize("broken", ["practice", "journey", "settings"])
@pytest.mark.parametrize("value", [3, {"seeds_used": [1]}])
def test_a_state_of_another_type_is_refused_with_a_sentence(tmp_path: Path, broken: str, value: object) -> None:
    write_brain(tmp_path / "models")
    PracticeRun(settings(tmp_path, 1)).run()
    path = tmp_path / "out" / RL_CHECKPOINT_NAME
    saved = load_checkpoint(path)
    assert saved.training is not None
    save_checkpoint(path, replace(saved, training={**saved.training, broken: value}))
    with pytest.raises((CheckpointError, TrainingError), match=r"leave --resume out"):
        PracticeRun(settings(tmp_path, 1, resume=True))


def test_a_state_that_cannot_be_written_costs_a_warning_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder stands where the file should be: the same error path as a full disk, also for root."""
    write_brain(tmp_path / "models")
    (tmp_path / "out" / RL_CHECKPOINT_NAME / "in the way").mkdir(parents=True)
    (tmp_path / "models" / "executor" / "staged").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        run = PracticeRun(settings(tmp_path, 3))
        run.run()
    assert run.hours == pytest.approx(3 * STRETCH_HOURS)
    assert "could not be written" in caplog.text
    assert run.evaluated == []


def test_practice_needs_a_whole_number_of_batches() -> None:
    with pytest.raises(ValueError, match="multiple of 64"):
        CollectorConfig(worlds=100)


def test_the_thick_line_is_the_mean_of_the_hour_before() -> None:
    hours, values = np.arange(1, 7) * 0.5, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert smooth(hours, values, 1.0).tolist() == [1.0, 1.5, 2.5, 3.5, 4.5, 5.5]


def test_a_picture_of_nothing_can_be_drawn(tmp_path: Path) -> None:
    draw_practice([], tmp_path / "folder" / "picture.png")
    assert (tmp_path / "folder" / "picture.png").exists()
