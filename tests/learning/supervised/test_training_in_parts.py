"""Much play is learnt a part at a time: every sample once an epoch, in an order that resumes exactly."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.small_task import META
from understudy.cli.record import record_teacher
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.cached_dataset import load_cached_dataset
from understudy.learning.data.cache.conditioning_cache import ConditioningCache
from understudy.learning.data.dataset import Dataset, load_dataset
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.learning.supervised.strategist_task import StrategistTask
from understudy.learning.supervised.tactician_task import TacticianTask
from understudy.learning.supervised.train_policy import fit_hand_from_dataset
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig, FitResult
from understudy.policies.checkpoint import load_checkpoint
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig

CPU = torch.device("cpu")
MOST_TICKS = 3000
CONFIG = FitConfig(epochs=2, batch_size=16, lr=1e-3, save_every=None, selection_metric=None)
TASKS = ("strategist", "tactician", "executor")
AnyTask = StrategistTask | TacticianTask | ExecutorTask


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    record_teacher("hunter", 9.0, 3, folder, sessions=6)
    return folder


@pytest.fixture(scope="module")
def dataset(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load_cached_dataset(recordings, EpisodeCache(tmp_path_factory.mktemp("cache")))


def upstream() -> ConditioningCache:
    torch.manual_seed(5)
    return ConditioningCache(
        Strategist(StrategistConfig()), Tactician(TacticianConfig()), strategist_id="s5", tactician_id="t5"
    )


def task_of(name: str, dataset: Dataset, most_ticks: int | None = MOST_TICKS) -> AnyTask:
    torch.manual_seed(0)
    train, held_out = dataset.train, dataset.validation
    if name == "strategist":
        return StrategistTask(train, held_out, Strategist(StrategistConfig()), CPU, most_ticks)
    if name == "tactician":
        return TacticianTask(train, held_out, Tactician(TacticianConfig()), CPU, upstream(), most_ticks)
    hand = fit_hand_from_dataset(train, dataset.profile)
    model = Executor(ExecutorConfig())
    return ExecutorTask(train, held_out, model, CPU, upstream(), dataset.profile, hand, most_ticks)


class Noted:
    """Wraps a task and notes the part and indices of every batch."""

    def __init__(self, task: AnyTask) -> None:
        self._task = task
        self.model, self.num_samples, self.part_sizes = task.model, task.num_samples, task.part_sizes
        self.part, self.drawn = -1, list[tuple[int, list[int]]]()

    def enter_part(self, part: int, upcoming: int | None) -> None:
        self.part = part
        self._task.enter_part(part, upcoming)

    def loss(self, model: object, indices: torch.Tensor, generator: torch.Generator) -> object:
        self.drawn.append((self.part, indices.tolist()))
        return self._task.loss(model, indices, generator)  # type: ignore[arg-type]

    def validate(self, model: object) -> dict[str, float]:
        return {}


def run(name: str, dataset: Dataset, folder: Path, steps: int | None = None, resume: bool = False) -> FitResult:
    done: list[int] = []
    return fit(
        task_of(name, dataset),
        CONFIG,
        folder,
        META,
        progress=lambda now: done.append(now.step),
        stop=None if steps is None else lambda: len(done) >= steps,
        resume=resume,
    )


@pytest.mark.parametrize("name", TASKS)
def test_an_epoch_draws_each_sample_of_each_part_once(name: str, dataset: Dataset, tmp_path: Path) -> None:
    task = Noted(task_of(name, dataset))
    assert len(task.part_sizes) >= 3
    fit(task, FitConfig(epochs=1, batch_size=4, save_every=None, selection_metric=None), tmp_path, META)
    drawn = [(part, index) for part, indices in task.drawn for index in indices]
    assert len(set(drawn)) == len(drawn) == sum(size // 4 * 4 for size in task.part_sizes)
    assert all(index < task.part_sizes[part] for part, index in drawn)
    assert all(len(indices) == 4 for _, indices in task.drawn)
    parts = [part for part, _ in task.drawn]
    assert len([part for part, before in zip(parts[1:], parts, strict=False) if part != before]) == len(set(parts)) - 1


@pytest.mark.parametrize("name", TASKS)
def test_the_samples_of_all_parts_are_those_of_one(name: str, dataset: Dataset) -> None:
    whole, parts = task_of(name, dataset, None), task_of(name, dataset)
    assert len(whole.part_sizes) == 1
    assert whole.num_samples - len(parts.part_sizes) <= parts.num_samples <= whole.num_samples
    if isinstance(whole, StrategistTask) and isinstance(parts, StrategistTask):
        torch.testing.assert_close(parts._future_mean, whole._future_mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(parts._future_std, whole._future_std, rtol=1e-4, atol=1e-5)
        assert parts._most_common == whole._most_common


@pytest.mark.parametrize("name", TASKS)
def test_a_run_that_stops_inside_a_part_resumes_to_the_same_weights(
    name: str, dataset: Dataset, tmp_path: Path
) -> None:
    whole = run(name, dataset, tmp_path / "whole")
    stops = (1, whole.num_steps // 2 + 1)
    for stop in stops:
        run(name, dataset, tmp_path / "halves", steps=stop, resume=stop != stops[0])
    resumed = run(name, dataset, tmp_path / "halves", resume=True)
    assert resumed.num_steps == whole.num_steps and resumed.train_loss == whole.train_loss
    one, other = (load_checkpoint(tmp_path / folder / "last_model.pt") for folder in ("whole", "halves"))
    assert one.identity == other.identity


def same(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_what_the_slower_levels_say_is_kept_for_their_weights(recordings: Path, dataset: Dataset) -> None:
    first, plain = dataset.train[0], load_dataset(recordings).train[0]
    one = upstream()
    made = one.conditioning(first)
    there = {path: path.stat().st_mtime_ns for path in Path(str(first.entry)).parent.glob("*_tactics_*.npz")}
    assert len(there) == 1
    assert same(one.conditioning(first), made)
    assert {path: path.stat().st_mtime_ns for path in there} == there
    wanted = UpstreamPolicies(one.strategist, one.tactician).conditioning(plain)
    for cached, exact in zip(made, wanted, strict=True):
        np.testing.assert_allclose(cached, exact, atol=5e-3)
    other = ConditioningCache(one.strategist, one.tactician, strategist_id="s6", tactician_id="t5")
    other.conditioning(first)
    assert len(list(Path(str(first.entry)).parent.glob("*_tactics_*.npz"))) == 2


def test_half_precision_leaves_the_loss_as_it_is(recordings: Path, dataset: Dataset) -> None:
    exact = load_dataset(recordings)
    for name in TASKS:
        losses = []
        for data in (exact, dataset):
            task = task_of(name, data, None)
            model = task.model.eval()
            with torch.no_grad():
                generator = torch.Generator().manual_seed(3)
                losses.append(float(task.loss(model, torch.arange(task.num_samples), generator)[0]))  # type: ignore[arg-type]
        assert losses[1] == pytest.approx(losses[0], rel=2e-3), name
