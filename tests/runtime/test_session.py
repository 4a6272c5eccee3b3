"""See, decide, act, tell, and close whatever happens."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.support.manual_clock import ManualClock
from tests.support.recording_world import PaperWorld
from understudy.contract.action import Actor, idle_action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision, InputEvent, Step
from understudy.contract.rate import Rate
from understudy.runtime.session import Session


class Counter:
    """A pilot that counts its own ticks in the carry and moves the cursor to the count."""

    def __init__(self, fails_at_tick: int | None = None) -> None:
        self.fails_at_tick = fails_at_tick

    def start(self, seeds: np.ndarray) -> Carry:
        self.seeds = seeds
        return 0

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        if carry == self.fails_at_tick:
            raise ValueError("the pilot has lost its mind")
        action = idle_action(observation)
        action.records["cursor_x"] = carry / 100
        return Decision(action, no_intent(len(observation)), carry + 1)


@dataclass
class Notebook:
    """A listener that keeps what it is told."""

    name: str = "notebook"
    closed: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    fails_to_close: bool = False

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def close(self) -> None:
        self.closed.append(self.name)
        if self.fails_to_close:
            raise OSError("the disk is full")


def test_every_listener_is_told_of_every_tick_in_order() -> None:
    notebooks = [Notebook(), Notebook()]
    world = PaperWorld(num_worlds=3)
    assert Session(world, Counter(), notebooks).run(num_ticks=5) == 5
    for notebook in notebooks:
        assert [step.index for step in notebook.steps] == [0, 1, 2, 3, 4]
        assert [step.action.records["cursor_x"][2] for step in notebook.steps] == pytest.approx(
            [0, 0.01, 0.02, 0.03, 0.04]
        )
    assert len(world.sent) == 5


@dataclass
class Draws:
    """A rollout step that holds the pilot's tick."""

    sampled: np.ndarray


class DrawingCounter(Counter):
    """A pilot whose decisions carry a rollout step."""

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        return replace(super().decide(observation, carry), rollout_step=Draws(np.array([carry])))


def test_the_rollout_step_of_a_decision_reaches_the_listeners_with_its_own_tick() -> None:
    notebook, without = Notebook(), Notebook()
    Session(PaperWorld(), DrawingCounter(), [notebook]).run(num_ticks=3)
    Session(PaperWorld(), Counter(), [without]).run(num_ticks=1)
    assert [int(step.rollout_step.sampled[0]) for step in notebook.steps if step.rollout_step] == [0, 1, 2]
    assert without.steps[0].rollout_step is None


def test_a_step_holds_what_was_seen_before_the_action_though_the_world_reuses_its_memory() -> None:
    notebook = Notebook()
    Session(PaperWorld(), Counter(), [notebook]).run(num_ticks=3)
    assert [step.observation.records["time_s"][0] for step in notebook.steps] == pytest.approx([0.0, 0.05, 0.10])


def test_the_session_ends_when_the_step_says_so() -> None:
    assert Session(PaperWorld(), Counter()).run(num_ticks=100, until=lambda step: step.index == 6) == 7


def test_steps_name_who_acted_and_carry_the_raw_inputs() -> None:
    notebook = Notebook()
    press = InputEvent(time_s=0.01, kind="press", code="left", x=0.5, y=0.5)
    session = Session(PaperWorld(), Counter(), [notebook], actor=Actor.PERSON, take_inputs=lambda: (press,))
    session.run(num_ticks=1)
    assert notebook.steps[0].actors.tolist() == [Actor.PERSON]
    assert notebook.steps[0].inputs == (press,)


def test_a_pilot_that_knows_better_says_who_acted() -> None:
    class TakenOver(Counter):
        def decide(self, observation: Observation, carry: Carry) -> Decision:
            actors = np.array([Actor.PERSON if carry == 1 else Actor.POLICY], np.int8)
            return replace(super().decide(observation, carry), actors=actors)

    notebook = Notebook()
    Session(PaperWorld(), TakenOver(), [notebook], actor=Actor.TEACHER).run(num_ticks=3)
    assert [step.actors.item() for step in notebook.steps] == [Actor.POLICY, Actor.PERSON, Actor.POLICY]


def test_the_pilot_gets_one_seed_for_each_world() -> None:
    pilot = Counter()
    Session(PaperWorld(num_worlds=2), pilot, seeds=np.array([7, 9], np.uint64)).run(num_ticks=1)
    assert pilot.seeds.tolist() == [7, 9]


def test_a_failing_pilot_closes_the_world_and_every_listener() -> None:
    world, notebook = PaperWorld(), Notebook()
    with pytest.raises(ValueError, match="lost its mind"):
        Session(world, Counter(fails_at_tick=2), [notebook]).run(num_ticks=10)
    assert len(notebook.steps) == 2
    assert world.num_closed == 1
    assert notebook.closed == ["notebook"]


def test_a_listener_that_cannot_close_keeps_nobody_else_from_closing() -> None:
    closed: list[str] = []
    listeners = [Notebook("first", closed, fails_to_close=True), Notebook("second", closed)]
    world = PaperWorld()
    with pytest.raises(OSError, match="disk is full"):
        Session(world, Counter(), listeners).run(num_ticks=1)
    assert closed == ["first", "second"]
    assert world.num_closed == 1


def test_closing_twice_closes_once() -> None:
    world = PaperWorld()
    with Session(world, Counter()) as session:
        session.tick()
        session.close()
    assert world.num_closed == 1


def test_a_rate_holds_the_session_to_the_clock() -> None:
    clock = ManualClock()
    rate = Rate(20.0, clock)
    Session(PaperWorld(), Counter(), rate=rate).run(num_ticks=21)
    assert clock.time_s == pytest.approx(101.0)
    assert rate.report().num_skipped == 0
