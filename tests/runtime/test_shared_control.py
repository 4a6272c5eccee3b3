"""A person takes over from a policy and hands back; the policy's memory follows what really happened."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.recording_world import PaperWorld
from tests.support.small_policies import write_brain
from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.intent import Phase
from understudy.contract.observation import TICK_S, Button
from understudy.contract.protocols import Pilot, Step
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.runtime.session import Session
from understudy.runtime.shared_control import SharedControlPilot, TakeoverSettings, TickSnapshot


class ScriptedPerson:
    """Touches the mouse in some ticks; is also the clock, which goes on by a tick each time he has waited."""

    def __init__(self, touches: set[int], holds: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self.touches, self.holds = touches, holds
        self.tick = 0
        self.touched_s = float("-inf")

    @property
    def holding(self) -> bool:
        return self.tick - 1 in self.holds

    def wait_tick(self) -> None:
        if self.tick in self.touches:
            self.touched_s = (self.tick + 0.5) * TICK_S
        self.tick += 1

    def end_tick(self) -> Action:
        return Action(np.array([(0.25, 0.75, 0, Button.RIGHT)], ACTION))

    def now_s(self) -> float:
        return self.tick * TICK_S

    def sleep_until(self, time_s: float) -> None:
        raise AssertionError("nobody sleeps here")


def living_world() -> PaperWorld:
    """A ship that is alive, so that gestures may begin."""
    world = PaperWorld()
    world.observe().records["player"]["alive"] = 1
    return world


class Notes:
    def __init__(self) -> None:
        self.steps: list[Step] = []

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def close(self) -> None:
        pass

    @property
    def actors(self) -> list[int]:
        return [int(step.actors[0]) for step in self.steps]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_brain(tmp_path_factory.mktemp("models"))


@pytest.fixture
def hierarchy(models: Path) -> HierarchicalPolicy:
    return load_hierarchy(models, PaperWorld.profile)


def play(
    hierarchy: HierarchicalPolicy,
    person: ScriptedPerson,
    num_ticks: int,
    show: Callable[[TickSnapshot], None] = lambda moment: None,
    **settings: object,
) -> tuple[SharedControlPilot, Notes]:
    pilot = SharedControlPilot(hierarchy, person, TakeoverSettings(**settings), show=show, clock=person)  # type: ignore[arg-type]
    notes = Notes()
    Session(living_world(), pilot, [notes], seeds=np.array([5], np.uint64)).run(num_ticks)
    return pilot, notes


def test_it_is_a_pilot(hierarchy: HierarchicalPolicy) -> None:
    assert isinstance(SharedControlPilot(hierarchy, ScriptedPerson(set())), Pilot)


def test_a_touch_takes_over_in_its_own_tick_and_letting_go_hands_back(hierarchy: HierarchicalPolicy) -> None:
    pilot, notes = play(hierarchy, ScriptedPerson({10}), 30, handback_delay_s=0.5)
    person = [tick for tick, actor in enumerate(notes.actors) if actor == Actor.PERSON]
    assert person == list(range(10, 20)), "half a second is ten ticks"
    assert notes.steps[10].action.records["button"][0] == Button.RIGHT
    assert notes.steps[9].action.records.tobytes() == notes.steps[9].timing["decided"].tobytes()
    assert (pilot.counts.num_takeovers, pilot.counts.person_ticks, pilot.counts.policy_ticks) == (1, 10, 20)


def test_a_held_button_keeps_the_person_in_charge(hierarchy: HierarchicalPolicy) -> None:
    _, notes = play(hierarchy, ScriptedPerson({10}, holds=set(range(10, 40))), 60, handback_delay_s=0.2)
    assert [tick for tick, actor in enumerate(notes.actors) if actor == Actor.PERSON][-1] == 39


def test_every_new_touch_starts_the_time_anew(hierarchy: HierarchicalPolicy) -> None:
    _, notes = play(hierarchy, ScriptedPerson({10, 15, 19}), 40, handback_delay_s=0.5)
    assert notes.actors.count(Actor.PERSON) == 19


def test_the_policy_goes_on_deciding_while_the_person_acts(hierarchy: HierarchicalPolicy) -> None:
    _, notes = play(hierarchy, ScriptedPerson({10}), 30, handback_delay_s=0.5)
    assert all(step.intent.records["mode"][0] >= 0 for step in notes.steps)
    assert all(step.timing["ran"][0, 2] == 1 for step in notes.steps if step.timing is not None)
    assert any(step.timing["decided"].tobytes() != step.action.records.tobytes() for step in notes.steps[10:20])


def test_a_gesture_is_dropped_when_the_charge_changes(hierarchy: HierarchicalPolicy) -> None:
    person = ScriptedPerson({10})
    pilot = SharedControlPilot(hierarchy, person, TakeoverSettings(handback_delay_s=0.5), clock=person)
    world, carry = living_world(), pilot.start(np.array([5], np.uint64))
    before: list[Phase] = []
    for tick in range(11):
        decision = pilot.decide(world.observe(), carry)
        carry = decision.carry
        before.append(Phase(int(decision.intent.records["phase"][0])))
        assert carry.actor is (Actor.PERSON if tick == 10 else Actor.POLICY)
        world.act(decision.action)
    assert any(phase is not Phase.IDLE for phase in before)
    assert carry.policy.hands["phase"][0] == Phase.IDLE
    assert not carry.policy.hands["key_ticks"].any()


def test_muted_the_policy_is_shown_and_not_sent_and_the_person_can_play(hierarchy: HierarchicalPolicy) -> None:
    _, notes = play(hierarchy, ScriptedPerson({10}), 30, handback_delay_s=0.5, muted=True)
    assert set(notes.actors) == {Actor.NOBODY, Actor.PERSON}
    assert not any(step.action.records["button"][0] for step in notes.steps[:10])
    assert any(step.timing["decided"]["button"][0] for step in notes.steps), "it would have clicked"
    assert notes.steps[12].action.records["button"][0] == Button.RIGHT


def test_the_view_is_shown_each_decision_and_who_is_in_charge(hierarchy: HierarchicalPolicy) -> None:
    shown: list[TickSnapshot] = []
    play(hierarchy, ScriptedPerson({3}), 12, show=shown.append, handback_delay_s=0.2)
    assert [moment.actor is Actor.PERSON for moment in shown[:9]] == [False] * 4 + [True] * 4 + [False]
    assert all((moment.hands_back_s > 0) == (moment.actor is Actor.PERSON) for moment in shown[:7])


def test_ticks_that_the_world_did_not_wait_for_are_skipped_by_all_levels(hierarchy: HierarchicalPolicy) -> None:
    person, missed = ScriptedPerson(set()), iter([0, *[0] * 5, *[18] * 20])
    pilot = SharedControlPilot(hierarchy, person, num_missed=lambda: next(missed), clock=person)
    notes = Notes()
    Session(living_world(), pilot, [notes]).run(10)
    skipped = np.concatenate([step.timing["skipped"] for step in notes.steps])
    assert skipped[5].tolist() == [0, 3, 18]
    assert notes.steps[5].timing["ran"][0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("handback_delay_s", [0.0, -1.0, 1e9])
def test_a_time_that_makes_no_sense_is_refused(handback_delay_s: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        TakeoverSettings(handback_delay_s=handback_delay_s)
