"""The one loop learns, guards its steps, keeps its checkpoints and resumes to the identical numbers."""

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.support.small_task import META, SmallTask
from understudy.contract.errors import CheckpointError, TrainingError
from understudy.learning.training.metric_logger import MetricLogger
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitProgress, FitResult
from understudy.policies.checkpoint import load_checkpoint, save_checkpoint

CONFIG = FitConfig(epochs=6, batch_size=32, lr=1e-2, seed=5, save_every=2, save_interval_s=0.0, log_every=1)


def stop_at(step: int) -> tuple[Callable[[FitProgress], None], Callable[[], bool]]:
    steps: list[int] = []
    return lambda progress: steps.append(progress.step), lambda: steps[-1] >= step


def run(folder: Path, config: FitConfig = CONFIG, task: SmallTask | None = None, **options: object) -> FitResult:
    return fit(task or SmallTask(), config, folder, META, **options)  # type: ignore[arg-type]


def test_it_learns_what_there_is_to_learn(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.metrics["accuracy"] > 0.8 > result.metrics["accuracy_baseline"]
    assert result.finished and result.num_steps == 48 and result.num_skipped == 0


def test_the_same_seed_gives_identical_weights(tmp_path: Path) -> None:
    run(tmp_path / "a")
    torch.rand(7)  # whatever happened in the program before does not matter
    run(tmp_path / "b")
    a, b = (load_checkpoint(tmp_path / name / "last_model.pt") for name in "ab")
    assert a.identity == b.identity


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    run(tmp_path / "a")
    run(tmp_path / "b", FitConfig(epochs=6, batch_size=32, lr=1e-2, seed=6))
    a, b = (load_checkpoint(tmp_path / name / "last_model.pt") for name in "ab")
    assert a.identity != b.identity


@pytest.mark.parametrize("step", [1, 8, 21, 47])
def test_a_stopped_run_resumes_to_the_identical_loss(tmp_path: Path, step: int) -> None:
    whole = run(tmp_path / "whole")
    progress, stop = stop_at(step)
    stopped = run(tmp_path / "halves", progress=progress, stop=stop)
    assert not stopped.finished and stopped.num_steps == step
    resumed = run(tmp_path / "halves", resume=True)
    assert resumed.train_loss == whole.train_loss and resumed.metrics == whole.metrics
    assert resumed.best_epoch == whole.best_epoch and resumed.num_steps == whole.num_steps
    for name in ("best_model.pt", "last_model.pt"):
        a, b = (load_checkpoint(tmp_path / folder / name) for folder in ("whole", "halves"))
        assert a.identity == b.identity


def test_any_snapshot_can_be_resumed_from(tmp_path: Path) -> None:
    whole = run(tmp_path)
    (tmp_path / "checkpoint_epoch_4.pt").replace(tmp_path / "last_model.pt")
    assert run(tmp_path, resume=True).train_loss == whole.train_loss


def test_a_finished_run_resumes_to_its_result_at_once(tmp_path: Path) -> None:
    whole = run(tmp_path)
    again = run(tmp_path, resume=True)
    assert (again.metrics, again.train_loss, again.num_steps) == (whole.metrics, whole.train_loss, whole.num_steps)


def test_resuming_where_nothing_is_warns_and_begins_afresh(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(tmp_path, resume=True).num_steps == 48
    assert "afresh" in caplog.text


def test_resuming_with_other_settings_is_refused_by_name(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(TrainingError, match=r"lr 0\.01, now 0\.02"):
        run(tmp_path, FitConfig(epochs=6, batch_size=32, lr=2e-2, seed=5), resume=True)


def test_resuming_on_other_recordings_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    other = type(META)(policy="tactician", encoding="small-1", data_hash="d2")
    with pytest.raises(TrainingError, match="other recordings"):
        fit(SmallTask(), CONFIG, tmp_path, other, resume=True)


@pytest.mark.parametrize("broken", ["settings", "state", "optimizer", "guard", "generator", "random", "epoch"])
def test_a_training_state_of_another_type_is_refused_with_a_sentence(tmp_path: Path, broken: str) -> None:
    run(tmp_path)
    path = tmp_path / "last_model.pt"
    saved = load_checkpoint(path)
    assert saved.training is not None
    training = copy.deepcopy(saved.training)
    (training if broken in training else training["state"])[broken] = [1]
    save_checkpoint(path, dataclasses.replace(saved, training=training))
    with pytest.raises(CheckpointError, match=r"last_model.pt (does not fit this model|holds no training state)"):
        run(tmp_path, resume=True)


def test_the_guides_checkpoints_are_written(tmp_path: Path) -> None:
    result = run(tmp_path)
    names = {"best_model.pt", "last_model.pt", *(f"checkpoint_epoch_{epoch}.pt" for epoch in (2, 4, 6))}
    assert {path.name for path in tmp_path.iterdir()} == names
    best = load_checkpoint(tmp_path / "best_model.pt", "tactician", "small-1")
    assert best.training is None and best.meta.epoch == result.best_epoch and best.meta.metrics == result.metrics
    assert best.meta.config == {"width": 8} and best.meta.data_hash == "d1"


def test_the_best_weights_are_the_ones_that_were_validated(tmp_path: Path) -> None:
    result = run(tmp_path)
    task = SmallTask()
    task.model.load_state_dict(load_checkpoint(result.best_path).weights)
    with torch.no_grad():
        assert task.validate(task.model.eval()) == result.metrics


def test_the_program_keeps_its_own_random_state(tmp_path: Path) -> None:
    # Python's own generator is left to test_fit_parts: the shape checks of the tests draw from it at every call.
    task = SmallTask()
    torch.manual_seed(11)
    np.random.seed(11)  # noqa: NPY002
    run(tmp_path, task=task)
    drawn = torch.rand(1).item(), np.random.rand()  # noqa: NPY002
    torch.manual_seed(11)
    np.random.seed(11)  # noqa: NPY002
    assert drawn == (torch.rand(1).item(), np.random.rand())  # noqa: NPY002


class BrokenTask(SmallTask):
    """Spoils the loss of chosen steps, as a corrupt recording does."""

    def __init__(self, spoil: Callable[[int, Tensor], Tensor]) -> None:
        super().__init__()
        self.spoil, self.calls = spoil, 0

    def loss(self, model: nn.Module, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        loss, extras = super().loss(model, indices, generator)
        self.calls += 1
        return self.spoil(self.calls, loss), extras


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e6])
def test_a_spoilt_step_is_skipped_and_counted(tmp_path: Path, factor: float) -> None:
    longer = dataclasses.replace(CONFIG, epochs=9)
    result = run(tmp_path, longer, BrokenTask(lambda call, loss: loss * factor if call == 60 else loss))
    assert result.num_skipped == 1 and result.num_steps == 72
    assert result.metrics["accuracy"] > 0.8


def test_ten_spoilt_steps_in_a_row_stop_the_run_with_good_weights_kept(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="10 unusable steps in a row"):
        run(tmp_path, task=BrokenTask(lambda call, loss: loss * float("nan") if call > 20 else loss))
    last = load_checkpoint(tmp_path / "last_model.pt")
    assert all(tensor.isfinite().all() for tensor in last.weights.values())
    assert last.training is not None and last.training["state"]["step"] == 29
    assert (tmp_path / "best_model.pt").exists()


def test_no_samples_is_one_sentence(tmp_path: Path) -> None:
    task = SmallTask()
    task.num_samples = 0
    with pytest.raises(TrainingError, match="nothing to train on"):
        run(tmp_path, task=task)


def test_fewer_samples_than_a_batch_still_train(tmp_path: Path) -> None:
    assert run(tmp_path, task=SmallTask(num_samples=5)).num_steps == 6


def test_the_journal_holds_the_guides_curves(tmp_path: Path) -> None:
    with MetricLogger(tmp_path / "logs") as journal:
        run(tmp_path / "out", journal=journal)
    rows = [json.loads(line) for line in (tmp_path / "logs" / "numbers.jsonl").read_text().splitlines()]
    assert {"train_loss", "learning_rate", "gradient_norm", "train/accuracy"} <= rows[0].keys()
    assert sum("val_accuracy" in row for row in rows) == 6
    rates = [row["learning_rate"] for row in rows if "learning_rate" in row]
    assert max(rates) == pytest.approx(1e-2, rel=0.05) and rates[0] < rates[2] and rates[-1] < 1e-3


def test_a_crash_between_two_writes_is_repeated_exactly(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")

    def crash(progress: FitProgress) -> None:
        if progress.step == 29:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "crashed", progress=crash)
    assert run(tmp_path / "crashed", resume=True).train_loss == whole.train_loss


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_it_learns_and_resumes_on_cuda(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", task=SmallTask(device="cuda"))
    progress, stop = stop_at(21)
    run(tmp_path / "halves", task=SmallTask(device="cuda"), progress=progress, stop=stop)
    resumed = run(tmp_path / "halves", task=SmallTask(device="cuda"), resume=True)
    assert whole.metrics["accuracy"] > 0.8
    assert resumed.train_loss == pytest.approx(whole.train_loss, rel=1e-3)
