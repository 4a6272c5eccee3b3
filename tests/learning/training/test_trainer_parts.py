"""The parts of the loop: schedule, guard, average, random state and journal."""

import json
import logging
import math
import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tests.support.small_task import SmallModel
from understudy.contract.errors import TrainingError
from understudy.learning.rl.ppo import PPOStats
from understudy.learning.training import rng_state
from understudy.learning.training.metric_logger import MetricLogger, run_folder
from understudy.learning.training.optim import (
    MAX_CONSECUTIVE_SPIKES,
    MOST_IN_A_ROW,
    WINDOW,
    ExponentialMovingAverage,
    GradientGuard,
    warmup_cosine_lr,
)
from understudy.learning.training.tensorboard_tags import describe_metric
from understudy.learning.training.trainer_config import FitConfig

CPU = torch.device("cpu")


def test_the_learning_rate_climbs_to_its_peak_and_falls_to_its_end() -> None:
    rates = [warmup_cosine_lr(step, 100, 1.0, 0.1) for step in range(100)]
    assert rates[0] > 0 and max(rates) == rates[10] == 1.0
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_the_shortest_runs_still_learn(num_steps: int) -> None:
    assert all(warmup_cosine_lr(step, num_steps, 1.0, 0.05) > 0 for step in range(num_steps))


def used_guard(norm: float = 2.0) -> GradientGuard:
    guard = GradientGuard(max_ok_norm=1.0)
    assert all(guard.should_step(0.5, norm) for _ in range(WINDOW))
    return guard


def test_the_guard_refuses_what_is_far_above_the_usual_and_takes_what_is_not() -> None:
    guard = used_guard()
    assert not guard.should_step(0.5, 41.0) and guard.should_step(0.5, 12.0)
    assert guard.num_skipped == 1


def test_the_guard_lets_the_first_wild_gradients_pass() -> None:
    guard = GradientGuard(max_ok_norm=1.0)
    assert guard.should_step(0.5, 0.1) and guard.should_step(0.5, 1000.0)


def test_a_gradient_that_is_not_even_clipped_is_never_a_spike() -> None:
    assert used_guard(norm=0.001).should_step(0.5, 0.9)


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, 1.0), (1.0, math.nan), (1.0, math.inf), (-math.inf, 1.0)])
def test_the_guard_refuses_what_is_not_a_number(loss: float, norm: float) -> None:
    assert not GradientGuard(max_ok_norm=1.0).should_step(loss, norm)


def test_refusals_end_the_run_only_when_they_come_in_a_row() -> None:
    guard = used_guard()
    for _ in range(3):
        assert not any(guard.should_step(math.nan, 1.0) for _ in range(MOST_IN_A_ROW - 1))
        assert guard.should_step(0.5, 2.0)
    assert not any(guard.should_step(math.nan, 1.0) for _ in range(MOST_IN_A_ROW - 1))
    with pytest.raises(TrainingError, match="the loss was nan"):
        guard.should_step(math.nan, 1.0)


def test_norms_that_have_grown_for_good_become_the_usual_ones() -> None:
    """A recording of eight minutes of another game ended training here: its norms rose from 1.5 to 17 and stayed."""
    guard = used_guard()
    assert [guard.should_step(0.5, 41.0) for _ in range(MAX_CONSECUTIVE_SPIKES + WINDOW)] == [False] * (
        MAX_CONSECUTIVE_SPIKES - 1
    ) + [True] * (WINDOW + 1)
    assert not guard.should_step(0.5, 900.0)
    refused = [(0.5, 900.0), (math.nan, 1.0)] * (MOST_IN_A_ROW // 2 - 1)
    assert not any(guard.should_step(*each) for each in refused), "broken steps between them are no growth"


def test_a_restored_guard_judges_alike() -> None:
    guard, other = used_guard(), GradientGuard(max_ok_norm=1.0)
    guard.should_step(math.nan, 1.0)
    other.load_state_dict(json.loads(json.dumps(guard.state_dict())))
    assert other.num_skipped == 1 and not other.should_step(0.5, 41.0)


def test_the_average_lags_behind_the_model_and_reaches_it() -> None:
    model = SmallModel()
    average = ExponentialMovingAverage(model, decay=0.9)
    begun = model.head.weight.detach().clone()
    with torch.no_grad():
        model.head.weight += 1.0
    average.update(num_steps=1000)
    moved = average.model.head.weight - begun
    assert moved.detach().numpy() == pytest.approx(np.full(moved.shape, 0.1), abs=1e-6)
    for _ in range(200):
        average.update(num_steps=1000)
    assert torch.allclose(average.model.head.weight, model.head.weight, atol=1e-5)


def test_the_average_of_a_young_run_is_not_held_back_by_its_random_start() -> None:
    model = SmallModel()
    average = ExponentialMovingAverage(model, decay=0.999)
    with torch.no_grad():
        model.head.bias += 1.0
    for step in range(1, 31):
        average.update(step)
    assert torch.allclose(average.model.head.bias, model.head.bias, atol=0.02)


def test_random_state_comes_back_after_a_seeded_part() -> None:
    before = rng_state.capture(CPU)
    expected = random.Random()
    expected.setstate(before["python"])
    rng_state.restore(before, CPU)
    expected_torch, expected_numpy = torch.rand(3), np.random.rand(3)  # noqa: NPY002
    rng_state.restore(before, CPU)
    assert random.random() == expected.random()
    assert torch.equal(torch.rand(3), expected_torch)
    assert np.array_equal(np.random.rand(3), expected_numpy)  # noqa: NPY002


def test_a_seeded_part_draws_the_same_whatever_came_before() -> None:
    drawn = []
    for _ in range(2):
        with rng_state.seeded_rng(4, CPU):
            drawn.append((torch.rand(2).tolist(), np.random.rand(2).tolist()))  # noqa: NPY002
        torch.rand(5)
    assert drawn[0] == drawn[1]


def test_tensorboard_reads_what_the_journal_wrote(tmp_path: Path) -> None:
    with MetricLogger(tmp_path) as journal:
        journal.log(1, {"train_loss": 0.5})
        journal.log(2, {"train_loss": 0.25, "val_accuracy": math.nan})
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("train_loss")] == [(1, 0.5), (2, 0.25)]
    rows = [json.loads(line) for line in (tmp_path / "numbers.jsonl").read_text().splitlines()]
    assert [row["train_loss"] for row in rows] == [0.5, 0.25] and rows[1]["val_accuracy"] is None


def test_tensorboard_groups_curves_shows_units_and_compares_runs(tmp_path: Path) -> None:
    with MetricLogger(tmp_path) as journal:
        journal.log_settings({"policy": "tactician", "lr": 3e-4, "last_epoch": None, "value": {"depth": 2}})
        journal.log(20, {"train_loss": 0.5, "learning_rate": 0.1, "train/route_loss": 0.2})
        journal.log(40, {"train_loss": 0.4, "learning_rate": 0.1})
        held_out = {"val_accuracy": 0.8, "val_accuracy_baseline": 0.5, "val_route_error": 0.1, "val_choice": -1.0}
        journal.log(40, {"epoch": 1.0, **held_out})
    events = EventAccumulator(str(tmp_path)).Reload()
    grouped = {"train/learning_rate", "train/route_loss", "train/epoch", "val/route_error", "val/choice"}
    assert set(events.Tags()["scalars"]) == {"train_loss", "val_accuracy", "baseline/accuracy", *grouped}
    assert [event.value for event in events.Scalars("train_loss")] == pytest.approx([0.5, 0.4])
    described = {tag: events.SummaryMetadata(tag).summary_description for tag in events.Tags()["scalars"]}
    assert described["val/route_error"].startswith("window fractions in 2 s. On held-out")
    assert "trivial baseline" in described["baseline/accuracy"]
    started = next(
        event for event in raw_events(tmp_path) if event.summary.value[0].tag == "_hparams_/session_start_info"
    )
    plugin = HParamsPluginData.FromString(started.summary.value[0].metadata.plugin_data.content)
    assert set(plugin.session_start_info.hparams) == {"policy", "lr", "value.depth"}
    layout = next(event for event in raw_events(tmp_path) if event.summary.value[0].tag == "custom_scalars__config__")
    assert b"baseline/accuracy" in layout.summary.value[0].tensor.string_val[0]
    assert len(list(tmp_path.glob("events.out.tfevents*"))) == 1, "hyperparameters are not a run of their own"


def raw_events(folder: Path) -> list[Any]:
    (path,) = folder.glob("events.out.tfevents*")
    return [event for event in EventFileLoader(str(path)).Load() if event.summary.value]


def test_every_curve_of_the_three_policies_and_of_practice_has_a_unit() -> None:
    golden = Path(__file__).resolve().parents[2] / "golden" / "data" / "expected" / "learning.json"
    runs = json.loads(golden.read_text(encoding="utf-8"))["fits"]
    names = {name for run in runs.values() if "rows" in run for row in run["rows"] for name in row} - {"step"}
    names |= {*PPOStats.__dataclass_fields__, "score", "deaths_per_hour", "explained_variance", "value_loss", "hours"}
    assert len(names) > 50
    assert sorted(name for name in names if not describe_metric(name)) == []


def test_two_runs_in_one_second_get_two_folders(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 10, 0, 0)
    first = run_folder(tmp_path, "tactician", now)
    first.mkdir()
    assert first.name == "tactician_2026-11-22_10-00-00"
    assert run_folder(tmp_path, "tactician", now).name == "tactician_2026-11-22_10-00-00_2"


def test_a_journal_that_cannot_begin_warns_and_is_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    with caplog.at_level(logging.WARNING), MetricLogger(tmp_path / "logs") as journal:
        journal.log(1, {"train_loss": 0.5})
        journal.flush()
    assert caplog.text.count("training goes on") == 1


FILL_UP = """
import resource, signal, sys
from pathlib import Path
from understudy.learning.training.metric_logger import MetricLogger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
with MetricLogger(Path(sys.argv[1])) as journal:
    for step in range(400):
        journal.log(step, {"train_loss": 0.5, "learning_rate": 0.1})
        journal.flush()
print("went on")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
def test_a_full_disk_ends_the_curves_but_not_the_run(tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-c", FILL_UP, str(tmp_path / "logs")]  # bytecode would be cut short as well
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "went on" in done.stdout, done.stderr[-2000:]
    assert done.stderr.count("training goes on") == 1


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"lr": -1.0}, {"batch_size": 0}, {"ema_decay": 1.0}])
def test_settings_that_make_no_sense_are_refused(changes: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        FitConfig(**changes)
