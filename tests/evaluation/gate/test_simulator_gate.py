"""The gate with real games, short ones: what is better takes its place, what only was lucky does not."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision
from understudy.evaluation.comparison.paired_test import SequentialTestConfig
from understudy.evaluation.gate.simulator_gate import GateConfig, evaluate_candidate, gate_candidate
from understudy.evaluation.rollouts.baselines import ClickRandomObject, DoNothing
from understudy.evaluation.rollouts.seeds import Purpose, purpose_of, seeds_for
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR, rollout_all
from understudy.learning.registry.audit_log import read_audit_log
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

PROFILE = load_profile("darkorbit")
SHORT = GateConfig(seconds=10.0, max_pairs=32, pairs_per_look=16, offset=0)


class Crammer:
    """Plays like the teacher in worlds that it was chosen on, and does nothing anywhere else."""

    def __init__(self, known: np.ndarray) -> None:
        self._known = known ^ PILOT_SEED_XOR
        self._teacher, self._idler = Teacher("hunter", PROFILE), DoNothing(PROFILE)

    def start(self, seeds: np.ndarray) -> Carry:
        pilot = self._teacher if np.isin(seeds, self._known).all() else self._idler
        return pilot, pilot.start(seeds)

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        pilot, memory = carry
        decision = pilot.decide(observation, memory)
        return dataclasses.replace(decision, carry=(pilot, decision.carry))


def test_the_teacher_takes_the_place_of_one_who_does_nothing() -> None:
    told: list[tuple[int, int]] = []
    config = GateConfig(
        seconds=60.0,
        max_pairs=64,
        pairs_per_look=16,
        offset=0,
        trial=SequentialTestConfig(deaths_allowance=30.0, deaths_ratio=3.0),
    )
    verdict = evaluate_candidate(
        Teacher("hunter", PROFILE), DoNothing(PROFILE), config, lambda *both: told.append(both)
    )
    assert verdict.promote and verdict.num_pairs == 32, "16 worlds are no proof that there are no disasters"
    assert verdict.looks[-1].gain_low > 3.0
    assert verdict.first_seed is not None and purpose_of(verdict.first_seed) is Purpose.GATE
    assert told[-1] == (2 * 32 * 1200, 2 * 64 * 1200)
    backwards = evaluate_candidate(DoNothing(PROFILE), Teacher("hunter", PROFILE), config)
    assert not backwards.promote and backwards.num_pairs == 16


def test_a_candidate_that_only_looks_better_where_it_was_chosen_fails() -> None:
    seeds = seeds_for(Purpose.CHOOSE, 16)
    candidate, incumbent = Crammer(seeds), ClickRandomObject(PROFILE)
    there = rollout_all({"candidate": candidate, "incumbent": incumbent}, seeds, 60.0)
    assert there["candidate"].scores.mean() > there["incumbent"].scores.mean() + 3.0, "there it looks better"
    config = GateConfig(seconds=60.0, max_pairs=64, pairs_per_look=16, offset=0)
    verdict = evaluate_candidate(candidate, incumbent, config)
    assert not verdict.promote
    assert verdict.looks[-1].gain < 0.0


def test_each_run_draws_other_worlds_unless_told_otherwise() -> None:
    config = GateConfig(seconds=1.0, max_pairs=8, pairs_per_look=8)
    first, second = (evaluate_candidate(DoNothing(PROFILE), DoNothing(PROFILE), config) for _ in range(2))
    assert first.first_seed != second.first_seed
    assert not first.promote, "equal to the last digit is not better"


def test_a_refused_candidate_changes_nothing_but_the_log(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    before = playing(models)
    path, identity = put_up(models, "one", 0.01)
    verdict = gate_candidate(models, "executor", path, SHORT, "practice")
    assert not verdict.promote and verdict.num_pairs > 0
    assert playing(models) == before
    (line,) = read_audit_log(models / "executor")
    assert (line["action"], line["from"], line["to"], line["why"]) == ("refuse", before, identity, "practice")
    assert line["seeds"] == {"first": verdict.first_seed, "count": verdict.num_pairs, "seconds": 10.0}
    assert line["numbers"]["gain"] == pytest.approx(verdict.looks[-1].gain, abs=1e-4)
    assert line["reason"] == verdict.reason


@pytest.mark.parametrize("policy", ["executor", "strategist"])
def test_a_better_candidate_plays_from_then_on(tmp_path: Path, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wins is settled beforehand: the teacher sits in for the candidate's brain."""
    models = write_brain(tmp_path / "models")
    path, identity = put_up(models, "one", 0.01, policy)
    from understudy.evaluation.gate import simulator_gate

    built = iter([Teacher("hunter", PROFILE), DoNothing(PROFILE)])
    monkeypatch.setattr(simulator_gate, "HierarchicalPolicy", lambda *_: next(built))
    easy = SequentialTestConfig(deaths_allowance=60.0)
    config = GateConfig(seconds=60.0, max_pairs=16, pairs_per_look=16, offset=0, trial=easy)
    verdict = gate_candidate(models, policy, path, config, "practice")
    assert verdict.promote and playing(models, policy) == identity
    (line,) = read_audit_log(models / policy)
    assert line["action"] == "promote" and line["seeds"]["first"] == verdict.first_seed


def test_what_cannot_play_is_refused_in_one_sentence_and_written_down(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    sick, _ = put_up(models, "sick", float("nan"))
    torn, _ = put_up(models, "torn", 0.1)
    torn.write_bytes(torn.read_bytes()[:1000])
    same, _ = put_up(models, "same", 0.0)
    for path, sentence in ((sick, "not numbers"), (torn, "torn"), (same, "plays already")):
        verdict = gate_candidate(models, "executor", path, SHORT)
        assert not verdict.promote and sentence in verdict.reason and verdict.num_pairs == 0
    assert [line["action"] for line in read_audit_log(models / "executor")] == ["refuse"] * 3


@pytest.mark.parametrize("change", [{"max_pairs": 63}, {"seconds": 0.5}, {"offset": -1}, {"pairs_per_look": 1}])
def test_settings_that_make_no_trial_are_refused(change: dict[str, int | float]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        GateConfig(**change)  # type: ignore[arg-type]
