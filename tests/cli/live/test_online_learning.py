"""What online learning says: lines like those of shadow learning, and none for what nobody needs to know."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from understudy.cli.live.online_learning import SHOWN_UPDATES, IncumbentSteps, OnlineChoice, first_lines, print_report
from understudy.contract.action import idle_action
from understudy.contract.intent import no_intent
from understudy.contract.observation import empty_observation
from understudy.contract.protocols import Step
from understudy.learning.online.messages import (
    OnlineReport,
    OnlineSettings,
    OnlineUpdateStats,
    SegmentStats,
)
from understudy.learning.worker.messages import CandidateResult, WorkerFailure


def said_of(*reports: OnlineReport) -> list[str]:
    lines: list[str] = []
    for report in reports:
        print_report(report, lines.append)
    return lines


def watched(**counts: float) -> SegmentStats:
    nothing = {"explained_variance": 0.1, "hits": 0.0, "misses": 0.0, "kills": 0.0, "loot": 0.0, "deaths": 0.0}
    return SegmentStats(num_samples=234, buffer_size=2000, points_per_minute=1.0, **(nothing | counts))


def updated(number: int) -> OnlineUpdateStats:
    return OnlineUpdateStats(
        number=number, kl_to_reference=0.02, approx_kl=0.01, learning_rate=1e-5, num_samples=9, seconds=0.1
    )


def test_the_beginning_says_what_is_on_and_how_to_turn_it_off() -> None:
    lines = first_lines(OnlineChoice(off=False), on_screen=False)
    assert "--no_online_learning" in lines[0] and "1e-05" in lines[1] and "gate" in lines[1]
    assert "by turns" in first_lines(OnlineChoice(off=False), on_screen=True)[1]


def test_outcomes_are_told_when_there_are_any() -> None:
    assert said_of(watched(hits=12.0, misses=3.0)) == []
    (line,) = said_of(watched(hits=12.0, misses=3.0, kills=1.0))
    assert line == "[ONLINE] Outcomes: 12 hits, 3 misses, 1 kills, 0 loot, 0 deaths; buffer 234/2000 samples"


def test_now_and_then_an_update_is_told() -> None:
    assert said_of(*(updated(number) for number in range(2, SHOWN_UPDATES))) == []
    (line,) = said_of(updated(SHOWN_UPDATES + 1))
    assert line == "[ONLINE] Update #101: approx_kl=0.010 nats/min, kl_to_reference=0.020 nats/min, lr=1.00e-05"


def test_verdicts_and_trouble_are_always_told() -> None:
    lines = said_of(
        CandidateResult(promoted=True, reason="it is better", path="a.pt"),
        CandidateResult(promoted=False, reason="it is not", path="b.pt"),
        WorkerFailure(text="The learner was lost."),
    )
    assert [line.split(":")[0] for line in lines] == [
        "[ONLINE] Promoted, it plays now",
        "[ONLINE] Kept aside",
        "[ONLINE] The learner was lost.",
    ]


@pytest.mark.parametrize("wrong", [{"learning_rate": 0.0}, {"buffer_size": 0}, {"kl_coef": -1.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OnlineSettings(**wrong)  # type: ignore[arg-type]


@dataclass
class Draws:
    """A rollout step of some policy."""

    sampled: np.ndarray


@dataclass
class StepList:
    """A listener that keeps its steps."""

    steps: list[Step] = field(default_factory=list)
    is_closed: bool = False

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def close(self) -> None:
        self.is_closed = True


def test_the_learner_gets_no_rollout_steps_of_a_candidate_on_trial() -> None:
    seen, learner, plays = empty_observation(1), StepList(), [False, True, False]
    listener = IncumbentSteps(learner, lambda: plays[len(learner.steps)])
    rollout_step = Draws(np.zeros(1))
    for tick in range(3):
        listener.on_step(
            Step(tick, seen, idle_action(seen), no_intent(1), np.zeros(1, np.int8), rollout_step=rollout_step)
        )
    listener.close()
    assert [step.rollout_step for step in learner.steps] == [rollout_step, None, rollout_step]
    assert [step.index for step in learner.steps] == [0, 1, 2]
    assert learner.is_closed
