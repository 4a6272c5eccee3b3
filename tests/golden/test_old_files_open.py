"""Every kind of file that users have on disk opens, and holds what it held when an earlier version wrote it."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.golden import file_values
from tests.golden.comparison import assert_same, expected
from tests.golden.digests import FIXTURES
from tests.golden.inputs import MODELS_WITH_HISTORY
from understudy.contract.errors import CheckpointError, TrainingError
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.contract.toml_writer import to_toml
from understudy.evaluation.report.learning_curves import read_curves
from understudy.learning.registry.candidates import load_candidate, staged_path
from understudy.learning.registry.promotion import PromotionRecord, promote, rollback
from understudy.learning.rl.ppo import PPOConfig
from understudy.learning.rl.ppo_trainer import PPOTrainerConfig
from understudy.learning.rl.value_function import ValueConfig
from understudy.practice.plot import draw_practice
from understudy.practice.rollout_collector import CollectorConfig
from understudy.practice.run import PLOT, PracticeRun, RunSettings
from understudy.recordings.store import find_recordings

SUMS = 1e-12
"""Tolerance of float64 sums, which depend on their order; what was summed is compared by its hash."""
FIVE_ROLLOUTS = 5 * 64 * 40
TICKS_AN_HOUR = 72_000


def test_every_fixture_has_expected_values() -> None:
    files = expected("files")
    assert set(files["recordings"]) == set(file_values.RECORDINGS)
    assert set(files["checkpoints"]) == set(file_values.CHECKPOINTS)
    assert set(files["profiles"]) == set(file_values.PROFILES)


@pytest.mark.parametrize("name", file_values.RECORDINGS)
def test_a_recording_holds_what_was_recorded(name: str) -> None:
    assert_same(expected("files")["recordings"][name], file_values.recording(FIXTURES / name), SUMS)


def test_recordings_are_found_in_a_folder_whole_or_torn() -> None:
    names = ["mixed.mcap", "shadow_recording_20260102_030405.pkl", "teacher_hunter.mcap", "torn.mcap"]
    assert sorted(path.name for path in find_recordings(FIXTURES / "recordings")) == names


@pytest.mark.parametrize("name", file_values.CHECKPOINTS)
def test_a_checkpoint_holds_what_was_saved(name: str) -> None:
    assert_same(expected("files")["checkpoints"][name], file_values.checkpoint(FIXTURES / name), SUMS)


def test_the_styles_of_an_executor_with_two_are_swapped_as_before() -> None:
    assert_same(expected("files")["two_styles_swapped"], file_values.two_styles_swapped(), SUMS)


@pytest.mark.parametrize("name", file_values.PROFILES)
def test_a_profile_holds_what_was_written(name: str) -> None:
    assert_same(expected("files")["profiles"][name], file_values.profile(FIXTURES / name))


def test_a_profile_that_was_written_before_is_read_as_what_it_was(tmp_path: Path) -> None:
    shipped = read_toml(Profile, FIXTURES / "profiles" / "shipped_darkorbit.toml")
    changed = dataclasses.replace(shipped, name="another game", window_width=1001)
    assert read_toml(Profile, FIXTURES / "profiles" / "written.toml") == changed
    (tmp_path / "now.toml").write_text(to_toml(changed), encoding="utf-8")
    assert read_toml(Profile, tmp_path / "now.toml") == changed


def test_promotions_are_remembered() -> None:
    assert_same(expected("files")["history"], file_values.history())


def test_weights_of_the_history_can_be_gone_back_to(tmp_path: Path) -> None:
    models = _copied_models(tmp_path)
    assert rollback(models, to="5e2c") == ("executor", "5e2c99bde64b170b")
    with pytest.raises(CheckpointError, match="Nothing was promoted"):
        rollback(_copied_models(tmp_path / "other"))


def test_a_candidate_of_practice_can_be_promoted(tmp_path: Path) -> None:
    models = _copied_models(tmp_path)
    path = staged_path(models, "executor", "of_before")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(FIXTURES / "candidate_practice.pt", path)
    identity = load_candidate(models, path).identity
    assert promote(models, path, PromotionRecord(why="practice")) == identity


def test_corrections_are_read_up_to_the_torn_line_and_aggregated() -> None:
    assert_same(expected("files")["corrections"], file_values.corrections(), SUMS)


def test_numbers_of_a_run_are_read() -> None:
    read_curves(FIXTURES / "journal", "a run")


def test_the_state_of_practice_holds_what_was_saved() -> None:
    assert_same(expected("files")["practice"], file_values.practice(), SUMS)


def test_practice_goes_on_from_its_saved_state(tmp_path: Path) -> None:
    run = PracticeRun(_settings(tmp_path, num_rollouts=6))
    assert run.progress.world_ticks == FIVE_ROLLOUTS and run.trainer.num_rollouts == 5
    learnt_before = [point for point in run.progress.curve if "kl_to_reference" in point]
    assert len(run.progress.curve) == 5 and learnt_before, "points of the curve have today's names"
    run.run()
    assert run.trainer.num_rollouts == len(run.progress.curve) == 6
    assert (tmp_path / "out" / PLOT).stat().st_size > 5000
    draw_practice(run.progress.curve, tmp_path / "again.png")
    assert PracticeRun(_settings(tmp_path, num_rollouts=6)).trainer.num_rollouts == 6


def test_practice_refuses_other_settings_than_those_saved(tmp_path: Path) -> None:
    settings = _settings(tmp_path, num_rollouts=6)
    other = dataclasses.replace(settings.trainer, policy=PPOConfig(learning_rate=1e-3, kl_coef=0.5))
    with pytest.raises(TrainingError, match=r"kl_coef 0\.3, now 0\.5 is asked for"):
        PracticeRun(dataclasses.replace(settings, trainer=other))


def _copied_models(folder: Path) -> Path:
    return Path(shutil.copytree(MODELS_WITH_HISTORY, folder / "models"))


def _settings(folder: Path, num_rollouts: int) -> RunSettings:
    """Those that practice.pt was saved with, under today's names."""
    if not (folder / "models").exists():
        _copied_models(folder)
        (folder / "out").mkdir()
        shutil.copy(FIXTURES / "practice.pt", folder / "out")
    return RunSettings(
        models=folder / "models",
        out=folder / "out",
        hours=num_rollouts * 64 * 40 / TICKS_AN_HOUR,
        trainer=PPOTrainerConfig(
            policy=PPOConfig(learning_rate=1e-3),
            value=ValueConfig(discount_horizons_s=(5.0,), steps=4, batch_size=64),
            value_warmup_rollouts=0,
        ),
        ground=CollectorConfig(worlds=64, rollout_ticks=40),
        gate=None,
        resume=True,
    )
