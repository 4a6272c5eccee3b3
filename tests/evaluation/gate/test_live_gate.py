"""Two pilots take turns in one world that goes on: the better one is found, and nobody's seconds are not counted."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.contract.action import Actor
from understudy.contract.intent import no_intent
from understudy.contract.observation import OBSERVATION, TICK_S, Observation
from understudy.contract.protocols import Carry, Decision, Pilot, Step
from understudy.evaluation.comparison.paired_test import SequentialTestConfig
from understudy.evaluation.gate.live_gate import LiveGate, LiveGateConfig, warm_swap
from understudy.evaluation.gate.simulator_gate import apply_verdict
from understudy.evaluation.rollouts.baselines import DoNothing
from understudy.learning.registry.audit_log import read_audit_log
from understudy.policies.checkpoint import load_checkpoint
from understudy.policies.inference_backend import TorchBackend
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.runtime.session import Session
from understudy.runtime.weight_swap import LoadedPolicies
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PROFILE = load_profile("darkorbit")
SEED = np.array([11], np.uint64)
QUICK = LiveGateConfig(
    stretch_s=20.0,
    settle_s=2.0,
    max_pairs=18,
    pairs_per_look=3,
    trial=SequentialTestConfig(worst_loss=15.0, deaths_allowance=60.0),
)


class TakingTurns:
    """A pilot that asks its gate before each tick, as `TakenOver` does in a live window."""

    def __init__(self, pilots: dict[str, Pilot], gate: LiveGate | None = None) -> None:
        self.pilots, self.gate, self.now = pilots, gate, "incumbent"
        self.turns: list[str] = []

    def let(self, name: str) -> None:
        self.now = name
        self.turns.append(name)

    def start(self, seeds: np.ndarray) -> Carry:
        return {name: pilot.start(seeds) for name, pilot in self.pilots.items()}

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        assert self.gate is not None
        self.gate(carry)
        decision = self.pilots[self.now].decide(observation, carry[self.now])
        return Decision(decision.action, decision.intent, {**carry, self.now: decision.carry})


def play(candidate: Pilot, incumbent: Pilot, config: LiveGateConfig, minutes: float) -> tuple[LiveGate, TakingTurns]:
    pilot = TakingTurns({"candidate": candidate, "incumbent": incumbent})
    gate = LiveGate(lambda _: pilot.let("candidate"), lambda _: pilot.let("incumbent"), PROFILE, config)
    pilot.gate = gate
    session = Session(Simulator(SEED, "1-1"), pilot, (gate,), seeds=SEED)
    session.run(round(minutes * 60 / TICK_S), until=lambda _: gate.over)
    return gate, pilot


def test_the_better_one_is_found_in_a_world_that_only_goes_on() -> None:
    gate, pilot = play(Teacher("hunter", PROFILE), DoNothing(PROFILE), QUICK, 20.0)
    verdict = gate.verdict.take()
    assert verdict is not None and verdict.promote, verdict
    assert verdict.live and verdict.first_seed is None
    assert verdict.num_pairs == gate.num_pairs < QUICK.max_pairs
    assert verdict.looks[-1].score > 5.0 and verdict.looks[-1].incumbent_score < 2.0
    assert abs(pilot.turns.count("candidate") - pilot.turns.count("incumbent")) <= 1


def test_the_worse_one_is_refused_and_the_incumbent_plays_on() -> None:
    gate, pilot = play(DoNothing(PROFILE), Teacher("hunter", PROFILE), QUICK, 20.0)
    verdict = gate.verdict.take()
    assert verdict is not None and not verdict.promote
    gate(None)
    assert pilot.now == "incumbent"


def step(tick: int, actor: Actor, *, dead: bool = False) -> Step:
    record = np.zeros(1, OBSERVATION)
    record["time_s"], record["player"]["gauges"][..., HP], record["player"]["alive"] = tick * TICK_S, 1.0, not dead
    seen = Observation(record)
    from understudy.contract.action import idle_action

    return Step(tick, seen, idle_action(seen), no_intent(1), np.array([actor], np.int8))


def test_seconds_of_a_person_and_after_a_change_belong_to_nobody() -> None:
    config = LiveGateConfig(stretch_s=5.0, settle_s=1.0, max_pairs=2, pairs_per_look=2)
    gate = LiveGate(lambda _: None, lambda _: None, PROFILE, config)
    deaths = {10: "settling", 60: "a person's", 75: "just after", 300: "settled"}
    tick = 0
    while not gate.over and tick < 5000:
        gate(None)
        person = 50 <= tick < 70
        gate.on_step(step(tick, Actor.PERSON if person else Actor.POLICY, dead=tick in deaths))
        tick += 1
    verdict = gate.verdict.take()
    assert verdict is not None
    last = verdict.looks[-1]
    hours = 2 * 5.0 / 3600
    assert (last.deaths_per_hour + last.incumbent_deaths_per_hour) * hours == pytest.approx(1.0)
    assert 4 * 6 * 20 + 40 <= tick <= 4 * 6 * 20 + 60, "four stretches, each settled first, one settled twice"


def test_the_order_within_pairs_is_drawn_by_lot() -> None:
    firsts = set()
    for seed in range(8):
        config = LiveGateConfig(stretch_s=1.0, settle_s=0.0, max_pairs=2, pairs_per_look=2, seed=seed)
        order: list[str] = []
        gate = LiveGate(lambda _: order.append("candidate"), lambda _: order.append("incumbent"), PROFILE, config)  # noqa: B023
        for tick in range(5):
            gate(None)
            gate.on_step(step(tick, Actor.POLICY))
        firsts.add("candidate" if order else "incumbent")
    assert firsts == {"candidate", "incumbent"}


def test_weights_that_somebody_else_promotes_end_the_trial() -> None:
    arrived = iter([False, False, True, False])
    put: list[str] = []
    gate = LiveGate(
        lambda _: put.append("candidate"), lambda _: put.append("incumbent"), PROFILE, QUICK, lambda _: next(arrived)
    )
    gate(None), gate(None)
    before = len(put)
    assert gate(None) and gate.over
    verdict = gate.verdict.take()
    assert verdict is not None and not verdict.promote and "other weights" in verdict.reason
    assert not gate(None) and len(put) == before, "what arrived is not put out again"


def test_brains_of_a_hierarchy_take_turns_and_the_winner_is_promoted(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    path, identity = put_up(models, "one", 0.01)
    before, staged = playing(models), load_checkpoint(path)
    hierarchy = load_hierarchy(models, PROFILE)
    bundles = [load_policies(models, staged), load_policies(models)]
    ready = [LoadedPolicies(policies=policies, networks=TorchBackend(policies), identities={}) for policies in bundles]
    config = LiveGateConfig(stretch_s=1.0, settle_s=0.0, max_pairs=4, pairs_per_look=2)
    gate = LiveGate(warm_swap(hierarchy, ready[0]), warm_swap(hierarchy, ready[1]), PROFILE, config)
    played: set[int] = set()

    class Gated:
        start = hierarchy.start

        def decide(self, observation: Observation, carry: Carry) -> Decision:
            gate(carry)
            played.add(id(hierarchy.policies))
            return hierarchy.decide(observation, carry)

    Session(Simulator(SEED, "1-1"), Gated(), (gate,), seeds=SEED).run(600, until=lambda _: gate.over)
    assert {id(policies) for policies in bundles} <= played
    assert isinstance(hierarchy, HierarchicalPolicy)
    verdict = gate.verdict.take()
    assert verdict is not None
    decided = apply_verdict(models, path, staged, before, verdict, "live")
    (line,) = read_audit_log(models / "executor")
    assert (
        line["action"] == ("promote" if decided.promote else "refuse") and line["seeds"]["live_pairs"] == gate.num_pairs
    )
    assert playing(models) == (identity if decided.promote else before)


@pytest.mark.parametrize("change", [{"max_pairs": 7}, {"pairs_per_look": 1}, {"stretch_s": 0.0}, {"settle_s": -1.0}])
def test_settings_that_make_no_live_trial_are_refused(change: dict[str, int | float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        LiveGateConfig(**change)  # type: ignore[arg-type]
