from pathlib import Path

import pytest

from understudy.evaluation.report.learning_curves import newest_runs, read_curves
from understudy.learning.training.metric_logger import MetricLogger, run_folder


def test_curves_are_read_from_what_a_journal_wrote(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "tactician")
    with MetricLogger(folder) as journal:
        for epoch in range(3):
            journal.log(10 * epoch, {"train_loss": 9.0, "learning_rate": 1e-4})
            journal.log(
                10 * epoch,
                {
                    "epoch": float(epoch),
                    "epoch_train_loss": 2.0 - epoch / 2,
                    "val_accuracy": 0.5 + epoch / 10,
                    "val_accuracy_baseline": 0.4,
                },
            )
    assert newest_runs(tmp_path, ["strategist", "tactician"]) == {"tactician": folder}
    loss, accuracy = read_curves(folder, "Tactician")
    assert loss.title == "Tactician: training loss"
    assert loss.curves[0].y == (2.0, 1.5, 1.0)
    assert accuracy.title == "Tactician: accuracy"
    assert accuracy.curves[0].x == (0.0, 10.0, 20.0)
    assert accuracy.curves[0].y == pytest.approx((0.5, 0.6, 0.7))
    assert accuracy.trivial == 0.4


def test_the_newest_run_of_a_name_is_shown(tmp_path: Path) -> None:
    for stamp in ("2026-11-22_10-00-00", "2026-11-22_09-00-00"):
        folder = tmp_path / f"executor_{stamp}"
        folder.mkdir()
        (folder / "numbers.jsonl").write_text("", encoding="utf-8")
    assert newest_runs(tmp_path, ["executor"])["executor"].name == "executor_2026-11-22_10-00-00"


def test_a_single_point_is_no_curve(tmp_path: Path) -> None:
    (tmp_path / "numbers.jsonl").write_text('{"step": 1, "val_accuracy": 0.5}\n', encoding="utf-8")
    assert read_curves(tmp_path, "Executor") == ()
