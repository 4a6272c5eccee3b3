"""What is learnt while a game is played that cannot be reset: tried by turns, decided, written down, tried again."""

import time
from pathlib import Path

import numpy as np

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.contract.observation import Observation
from understudy.contract.protocols import Carry, Decision
from understudy.evaluation.gate.live_gate import LiveGateConfig
from understudy.evaluation.gate.live_gate_runner import LiveGateRunner, LiveJudged
from understudy.learning.registry.audit_log import read_audit_log
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.runtime.session import Session
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

PROFILE = load_profile("darkorbit")
SEED = np.array([11], np.uint64)
QUICK = LiveGateConfig(stretch_s=1.0, settle_s=0.0, max_pairs=2, pairs_per_look=2)


def test_a_staged_candidate_takes_turns_in_the_live_world_and_the_decision_is_written_down(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    staged, _ = put_up(models, "online_now", 0.001)
    before = playing(models)
    hierarchy = load_hierarchy(models, PROFILE)
    judged: list[LiveJudged] = []
    trials = LiveGateRunner(
        models,
        staged,
        hierarchy,
        PROFILE,
        lambda carry: False,
        judged.append,
        QUICK,
        judge_every_s=0.0,
        look_every_s=0.01,
    )
    tried: list[bool] = []

    class Tried:
        start = hierarchy.start

        def decide(self, observation: Observation, carry: Carry) -> Decision:
            trials(carry)
            tried.append(trials.candidate_plays)
            time.sleep(0.005)  # a live game leaves the other thread some time
            return hierarchy.decide(observation, carry)

    try:
        Session(Simulator(SEED, "1-1"), Tried(), (trials,), seeds=SEED).run(4000, until=lambda _: bool(judged))
        assert 35 <= sum(tried) <= 45 and not tried[0], "half of two pairs of a second each"
        assert not trials(hierarchy.start(SEED)) or not trials.candidate_plays
        (one,) = judged
        assert one.verdict.live and one.path != staged and one.path.is_file()
        (line,) = read_audit_log(models / "executor")
        assert line["seeds"]["live_pairs"] == 2 and "live pairs" in line["why"]
        now = playing(models)
        assert now == (load_checkpoint(one.path).identity if one.verdict.promote else before)
        time.sleep(0.1)
        assert len(judged) == 1, "nothing new was staged: nothing is tried"
    finally:
        trials.close()
    assert load_checkpoint(models / "executor" / BEST, "executor").identity == now


def test_a_candidate_that_cannot_play_is_never_tried(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    staged, _ = put_up(models, "online_now", float("nan"))
    hierarchy = load_hierarchy(models, PROFILE)
    trials = LiveGateRunner(
        models, staged, hierarchy, PROFILE, lambda carry: False, print, QUICK, judge_every_s=0.0, look_every_s=0.01
    )
    carry = hierarchy.start(SEED)
    policies = hierarchy.policies
    for _ in range(40):
        assert not trials(carry)
        time.sleep(0.005)
    trials.close()
    assert hierarchy.policies is policies and read_audit_log(models / "executor") == []
