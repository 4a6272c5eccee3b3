"""The online learner as a Listener with its real process: it hears, learns, stages, and survives what can go wrong."""

import inspect
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from understudy.contract.action import Actor
from understudy.contract.protocols import Step
from understudy.learning.online.listener import VisualOutcomeLearner
from understudy.learning.online.messages import OnlineReport, OnlineUpdateStats, SegmentStats
from understudy.learning.worker.messages import WorkerFailure
from understudy.policies.checkpoint import load_checkpoint
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.worlds.simulator.world import Simulator

PATIENCE_S = 240.0


def play(
    learner: VisualOutcomeLearner, hierarchy: HierarchicalPolicy, num_ticks: int, actor: Actor = Actor.POLICY
) -> None:
    """Plays in one embedded game and passes each step to the learner, as a session does."""
    world, seeds = Simulator(np.array([5], np.uint64)), np.array([6], np.uint64)
    carry = hierarchy.start(seeds)
    for index in range(num_ticks):
        observation = world.observe().copy()
        decision = hierarchy.decide(observation, carry)
        carry = decision.carry
        world.act(decision.action)
        actors = np.array([actor], np.int8)
        step = Step(index, observation, decision.action, decision.intent, actors, rollout_step=decision.rollout_step)
        learner.on_step(step)


def wait_until(told: list[OnlineReport], wanted: Callable[[OnlineReport], bool]) -> None:
    until = time.perf_counter() + PATIENCE_S
    while not any(map(wanted, told)):
        assert time.perf_counter() < until, told[-5:]
        time.sleep(0.05)


def test_the_guides_names_and_defaults() -> None:
    parameters = inspect.signature(VisualOutcomeLearner).parameters
    assert (parameters["learning_rate"].default, parameters["buffer_size"].default) == (1e-5, 2000)


def test_only_the_cpu_is_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cuda"):
        VisualOutcomeLearner(tmp_path / "executor", Simulator(np.zeros(1, np.uint64)).profile, device="cuda")


@pytest.mark.slow
def test_it_learns_beside_play_stages_what_it_learnt_and_outlives_a_killed_learner(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    identity = load_checkpoint(models / "executor" / "best_model.pt").identity
    hierarchy = load_hierarchy(models, Simulator(np.zeros(1, np.uint64)).profile)
    told: list[OnlineReport] = []
    learner = VisualOutcomeLearner(
        models / "executor",
        Simulator(np.zeros(1, np.uint64)).profile,
        told.append,
        update_interval=0.01,
        session="test",
        logs=tmp_path / "logs",
        niceness=0,  # its start takes ten seconds of CPU; at the lowest priority a busy machine makes minutes of them
    )
    try:
        play(learner, hierarchy, 6_200)
        wait_until(told, lambda report: isinstance(report, SegmentStats))
        pid = learner.worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(told, lambda report: isinstance(report, WorkerFailure) and "started again" in report.text)
        told.clear()
        wait_until(told, lambda report: isinstance(report, SegmentStats))
        play(learner, hierarchy, 400, Actor.PERSON)
        play(learner, hierarchy, 1_000)  # what it was given once more only warms the value up
        assert learner.num_ticks == 7_200, "what a person did is not learnt from"
        if any(isinstance(report, SegmentStats) and report.explained_variance > 0 for report in told):
            wait_until(told, lambda report: isinstance(report, OnlineUpdateStats))
    finally:
        learner.close()
    assert load_checkpoint(models / "executor" / "best_model.pt").identity == identity, "nobody let it play"
    if learner.num_updates:
        staged = load_checkpoint(models / "executor" / "staged" / "candidate_online_test.pt")
        assert staged.continues(identity)
    assert (tmp_path / "logs" / "test" / "numbers.jsonl").read_text()
