"""The three tasks: each loss falls on real play, and the Executor's sparse sampling is as fair as using every tick."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.action import ACTION
from understudy.contract.errors import TrainingError
from understudy.contract.intent import NUM_MODES, Mode
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.learning.supervised.strategist_task import StrategistTask
from understudy.learning.supervised.tactician_task import TacticianTask
from understudy.learning.training.trainer_config import Task
from understudy.policies.click_semantics import MAX_KEYS
from understudy.policies.executor import Executor, ExecutorConfig, ExecutorOutput
from understudy.policies.mixture_density import window_mixture
from understudy.policies.object_features import NUM_CANDIDATES
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig

CPU = torch.device("cpu")


def halves() -> tuple[list[LabelledEpisode], list[LabelledEpisode]]:
    labelled_episodes = teacher_lessons()
    return labelled_episodes[:3], labelled_episodes[3:]


def executor_task(model: Executor, train: list[LabelledEpisode], held_out: list[LabelledEpisode]) -> ExecutorTask:
    hand = fit_motor_model([(labelled.observation, labelled.actions, labelled.labels.gestures) for labelled in train])
    return ExecutorTask(train, held_out, model, CPU, UpstreamPolicies(), PROFILE, hand)


def make_strategist() -> Task[Any]:
    return StrategistTask(*halves(), Strategist(StrategistConfig(width=32, layers=1)), CPU)


def make_tactician() -> Task[Any]:
    return TacticianTask(*halves(), Tactician(TacticianConfig(width=32)), CPU, UpstreamPolicies())


def make_executor() -> Task[Any]:
    return executor_task(Executor(ExecutorConfig(width=32)), *halves())


def make_executor_with_press_times() -> Task[Any]:
    return executor_task(Executor(ExecutorConfig(width=32, press_times=4)), *halves())


every_task = pytest.mark.parametrize(
    "make", [make_strategist, make_tactician, make_executor, make_executor_with_press_times]
)


def measured(task: Task[Any], indices: Tensor) -> float:
    with torch.no_grad():
        return float(task.loss(task.model.eval(), indices, torch.Generator().manual_seed(5))[0])


@every_task
def test_the_loss_falls_within_a_few_steps(make: Callable[[], Task[Any]]) -> None:
    torch.manual_seed(0)
    task, generator = make(), torch.Generator().manual_seed(1)
    indices = torch.randperm(task.num_samples, generator=generator)[:512]
    before = measured(task, indices)
    optimiser = torch.optim.AdamW(task.model.parameters(), lr=3e-3)
    for _ in range(25):
        batch = torch.randint(0, task.num_samples, (64,), generator=generator)
        loss, parts = task.loss(task.model.train(), batch, generator)
        assert torch.isfinite(loss) and all(part.ndim == 0 and not part.requires_grad for part in parts.values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert measured(task, indices) < 0.9 * before


@every_task
def test_every_sample_can_be_drawn_and_the_same_generator_draws_the_same(make: Callable[[], Task[Any]]) -> None:
    torch.manual_seed(0)
    task = make()
    ends = torch.tensor([0, task.num_samples - 1])
    assert measured(task, ends) == measured(task, ends)


@every_task
def test_validation_gives_numbers_with_their_baselines(make: Callable[[], Task[Any]]) -> None:
    torch.manual_seed(0)
    task = make()
    with torch.no_grad():
        figures = task.validate(task.model.eval())
    assert "accuracy" in figures
    assert all(type(value) is float and np.isfinite(value) for value in figures.values())
    shares = [value for name, value in figures.items() if "accuracy" in name or "recall" in name]
    assert all(0 <= share <= 1 for share in shares)


class Constant(Executor):
    """Says the same of every tick."""

    def __init__(self) -> None:
        super().__init__(ExecutorConfig(width=16))

    def forward(self, context_BF: Tensor, *rest: Tensor) -> ExecutorOutput:
        size = len(context_BF)
        return ExecutorOutput(
            start_logit=torch.full((size,), -3.0),
            pointer_logits=torch.zeros(size, NUM_CANDIDATES),
            right_logit=torch.zeros(size),
            minimap_density=window_mixture(torch.zeros(size, 2, 5)),
            space_density=window_mixture(torch.zeros(size, 2, 5)),
            key_logits=torch.full((size, MAX_KEYS), -4.0),
        )


@pytest.mark.parametrize("batch_size", [8, 256])
def test_sampling_few_of_the_quiet_ticks_is_as_fair_as_taking_them_all(batch_size: int) -> None:
    labelled_episodes = teacher_lessons()
    task = executor_task(Constant(), labelled_episodes, labelled_episodes)
    exact, totals, generator = task.validate(task.model), dict[str, float](), torch.Generator().manual_seed(3)
    for _ in range(3):
        order = torch.randperm(task.num_samples, generator=generator)
        for batch in order.split(batch_size):
            for name, part in task.loss(task.model, batch, generator)[1].items():
                totals[name] = totals.get(name, 0.0) + 20 * float(part) * len(batch) / len(order) / 3
    for name in ("start_loss", "pointer_loss", "point_loss", "key_loss"):
        assert totals[name] == pytest.approx(exact[name], rel=0.01), name


def test_without_any_click_or_key_there_is_nothing_for_the_executor_to_learn() -> None:
    labelled = teacher_lessons()[0]
    idle = np.zeros(len(labelled), ACTION)
    quiet = label_episode(labelled.observation, idle, PROFILE)
    with pytest.raises(TrainingError, match="Nothing is clicked"):
        ExecutorTask([quiet], [quiet], Executor(ExecutorConfig()), CPU, UpstreamPolicies(), PROFILE, fit_motor_model([
            (labelled.observation, labelled.actions, labelled.labels.gestures)
        ]))  # fmt: skip


def test_the_strategists_windows_stay_inside_their_session() -> None:
    """A window that ran over the seam of two sessions would hold a past that never was."""
    labelled_episodes = teacher_lessons()[:2]
    marked = [labelled.encoded.context.copy() for labelled in labelled_episodes]

    class Watch(Strategist):
        def forward(self, summaries_BTF: Tensor) -> Any:
            seen.append(summaries_BTF[..., -1].detach().clone())
            return super().forward(summaries_BTF)

    seen: list[Tensor] = []
    try:
        for number, labelled in enumerate(labelled_episodes):
            labelled.encoded.context[:, -1] = 1.0 + number
        task = StrategistTask(labelled_episodes, labelled_episodes, Watch(StrategistConfig(width=16, layers=1)), CPU)
        for seed in range(5):
            task.loss(task.model, torch.arange(task.num_samples), torch.Generator().manual_seed(seed))
    finally:
        for labelled, context in zip(labelled_episodes, marked, strict=True):
            labelled.encoded.context[:] = context
    for windows in seen:
        assert (windows == windows[:, :1]).all()
        assert set(windows.unique().tolist()) == {1.0, 2.0}


def test_the_confusion_counts_every_held_out_second() -> None:
    task = StrategistTask(*halves(), Strategist(StrategistConfig(width=32, layers=1)).eval(), CPU)
    table = task.confusion(task.model)
    assert table.shape == (NUM_MODES, NUM_MODES)
    assert table.sum() == len(halves()[1][0]) // 20
    modes = halves()[1][0].labels.modes[::20]
    assert table.sum(axis=1).tolist() == [int((modes == mode).sum()) for mode in Mode]


def test_press_times_are_learnt_to_be_likelier_than_spread_evenly_over_their_range() -> None:
    torch.manual_seed(0)
    task, generator = make_executor_with_press_times(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        before = task.validate(task.model.eval())["press_time_loss"]
    optimiser = torch.optim.AdamW(task.model.parameters(), lr=3e-3)
    for _ in range(60):
        batch = torch.randint(0, task.num_samples, (128,), generator=generator)
        optimiser.zero_grad()
        task.loss(task.model.train(), batch, generator)[0].backward()
        optimiser.step()
    with torch.no_grad():
        after = task.validate(task.model.eval())
    gestures = [labelled.labels.gestures for labelled in teacher_lessons()[3:]]
    ticks = np.concatenate([each["press"] - each["onset"] for each in gestures])
    evenly = np.log(np.ptp(ticks) + 1)
    seconds = sum(map(len, teacher_lessons()[3:])) / TICK_RATE_HZ
    assert after["press_time_loss"] < evenly * len(ticks) / seconds < before
    others = sum(after[name] for name in ("start_loss", "pointer_loss", "point_loss", "key_loss"))
    assert after["choice"] == pytest.approx(-others), "the best epoch is chosen as without press times"
