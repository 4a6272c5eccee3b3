"""An understudy with random weights, in the arena and on held-out play: nothing skilled, everything in order."""

import numpy as np
import pytest
import torch

from understudy.contract.intent import NUM_MODES
from understudy.contract.observation import TICK_RATE_HZ
from understudy.evaluation import arena
from understudy.evaluation.arena import play
from understudy.evaluation.footage import film
from understudy.evaluation.heads import HeadReport
from understudy.evaluation.held_out import held_out_heads
from understudy.evaluation.outcomes import NO_MODE
from understudy.evaluation.seeds import Purpose, seeds_for
from understudy.learning.lesson import Lesson, prepare
from understudy.learning.training import measure_hand
from understudy.policies.brain import Brain
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchy import Hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher import Teacher

PROFILE = load_profile("darkorbit")
SECONDS = 90.0


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """A minute and a half of the hunter, watched."""
    footage = film(Teacher("hunter", PROFILE), 1, SECONDS, "1-1")
    return prepare(footage.observations, footage.actions.records, PROFILE)


@pytest.fixture(scope="module")
def untrained(lesson: Lesson) -> Brain:
    """The hunter's hand without a mind."""
    torch.manual_seed(0)
    return Brain(
        Executor(ExecutorConfig()).eval(),
        measure_hand([lesson]),
        Strategist(StrategistConfig()).eval(),
        Tactician(TacticianConfig()).eval(),
    )


def test_every_head_is_judged_on_everything_that_was_held_out(untrained: Brain, lesson: Lesson) -> None:
    heads: dict[str, HeadReport] = {head.name: head for head in held_out_heads(untrained, [lesson], PROFILE)}
    modes = heads["Strategist: mode"].confusion
    assert modes is not None
    assert len(modes.labels) == NUM_MODES
    assert sum(map(sum, modes.counts)) == SECONDS
    onsets = heads["Executor: a gesture begins"].calibration
    assert onsets is not None
    assert sum(onsets.counts) == lesson.free.sum()
    share = np.average(onsets.happened, weights=onsets.counts)
    assert share == pytest.approx((lesson.starts[lesson.free] >= 0).mean())
    things = heads["Executor: what it goes to"].confusion
    assert things is not None
    assert sum(map(sum, things.counts)) == (lesson.candidates >= 0).sum() > 10
    assert "Executor: key ctrl goes down" in heads


def test_random_weights_know_nothing_of_the_modes(untrained: Brain, lesson: Lesson) -> None:
    modes = next(head for head in held_out_heads(untrained, [lesson], PROFILE) if head.name == "Strategist: mode")
    loss = next(metric for metric in modes.metrics if metric.name == "log loss")
    assert loss.trivial is not None
    assert loss.value > loss.trivial


def test_an_understudy_plays_alike_in_one_process_and_in_two(untrained: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena, "BLOCK", 4)
    pilot, seeds = Hierarchy(untrained, PROFILE), seeds_for(Purpose.CHOOSE, 8)
    here, spread = play(pilot, seeds, 5.0), play(pilot, seeds, 5.0, processes=2)
    np.testing.assert_array_equal(here.events, spread.events)
    np.testing.assert_array_equal(here.ticks, spread.ticks)
    assert here.habits.records.tobytes() == spread.habits.records.tobytes()
    assert here.ticks[..., :NO_MODE].sum() == 8 * 5 * TICK_RATE_HZ
    assert here.habits.records["cursor_travel"].sum() > 0
