"""Faults of learning, tried: `python benchmarks/faults.py --models models/v2`, some seven minutes of one core.

Each trial works on a copy of the models and says what was logged, what the gate said, and whether the weights that play
are still those from before (or others that the gate let through). Results: docs/log.md.

* poisoned: hits and kills are reported at random and paid for;
* always paid: every tick pays, whatever is done;
* diverging value: after some stretches the weights of the value network grow without bounds, again and again;
* disk full: after some stretches no file can grow beyond 64 kB, as on a full disk;
* killed: the online learner's process is killed while it takes the steps of an update.
"""

import logging
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import tyro
from smallest import flags, require

from understudy.contract.action import Actor
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Step
from understudy.evaluation.gate.simulator_gate import GateConfig
from understudy.learning.online.listener import VisualOutcomeLearner
from understudy.learning.online.messages import OnlineReport, OnlineUpdateStats
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.candidates import load_active
from understudy.learning.rl.reward import RewardWeights
from understudy.learning.worker.messages import WorkerFailure, WorkerReady
from understudy.perception.outcomes.outcome_detector import OutcomeDetector, OutcomeDetectorConfig
from understudy.policies.inference_backend import fastest_backend
from understudy.practice import rollout_collector
from understudy.practice.rollout_collector import CollectorConfig
from understudy.practice.run import PracticeRun, RolloutReport, RunSettings
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

FULL_DISK_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to try."""

    models: Path = Path("models/v2")
    """The three policies; they are copied."""
    hours: float = 3.0
    """Simulated, of each practice."""
    worlds: int = 128
    """Games at once, a multiple of 64."""
    pairs: int = 128
    """Of the gate, at most; 0 for no gate."""
    fault_from: int = 4
    """Stretches of practice that go well before the fault."""
    only: str = ""
    """One of the trials, by its name."""
    games: int = 10
    """That are played at most until a learner is killed, and after."""
    kill_at: Literal["update", "ready"] = "update"
    """When the learner is killed: at an update, for which it has to understand the game, or once it is ready."""


class Poisoned(OutcomeDetector):
    """Reports a hit a second and a kill in two seconds, at random."""

    def __init__(self, profile: Profile, config: OutcomeDetectorConfig | None = None) -> None:
        super().__init__(profile, config)
        self._random = np.random.default_rng(0)

    def update(self, observation: Observation, carry: Carry) -> np.ndarray:
        found = super().update(observation, carry)
        found["hits"] = self._random.random(len(found)) < 0.05
        found["kills"] = found["kill_value"] = self._random.random(len(found)) < 0.025
        return found


class AlwaysPaid(OutcomeDetector):
    """Every tick earns a twentieth of a point."""

    def update(self, observation: Observation, carry: Carry) -> np.ndarray:
        found = super().update(observation, carry)
        found[:] = np.zeros((), found.dtype)
        found["kill_value"] = 0.05
        return found


def practise(folder: Path, settings: Settings, on_report: Callable[[PracticeRun, RolloutReport], None]) -> None:
    """A practice with the gate at its end; says what the gate said."""
    run = PracticeRun(
        RunSettings(
            models=folder / "models",
            out=folder / "out",
            hours=settings.hours,
            ground=CollectorConfig(worlds=settings.worlds, prices=RewardWeights(death=-14.0, hit=1.0)),
            gate=GateConfig(max_pairs=settings.pairs) if settings.pairs else None,
            save_every_s=5.0,
        ),
        on_report=lambda report: on_report(run, report),
    )
    run.run()
    unlike = [point["kl_to_reference"] for point in run.progress.curve if "kl_to_reference" in point]
    print(
        f"  practised {run.hours:.1f} h; unlike the person {unlike[-1] if unlike else 0:.1f} nats a minute at the end"
    )
    for judged in run.evaluated:
        if judged.verdict is not None:
            print(f"  gate: {'promoted' if judged.verdict.promote else 'refused'}, {judged.verdict.reason}")


def with_watch(watch: type[OutcomeDetector]) -> Callable[[Path, Settings], None]:
    """Practice that hears of outcomes from another watch."""

    def trial(folder: Path, settings: Settings) -> None:
        usual, rollout_collector.OutcomeDetector = rollout_collector.OutcomeDetector, watch  # type: ignore[attr-defined]
        try:
            practise(folder, settings, lambda run, report: None)
        finally:
            rollout_collector.OutcomeDetector = usual  # type: ignore[attr-defined]

    return trial


def diverging(folder: Path, settings: Settings) -> None:
    """The value's weights are multiplied by a million after every stretch from some time on."""

    def grow(run: PracticeRun, report: RolloutReport) -> None:
        if report.learned.reset_reason:
            print(f"  at {report.hours:.1f} h: {report.learned.reset_reason}")
        if run.trainer.num_rollouts >= settings.fault_from:
            with torch.no_grad():
                for weight in run.trainer.value.net.parameters():
                    weight.mul_(1e6)

    practise(folder, settings, grow)


def disk_full(folder: Path, settings: Settings) -> None:
    """From some time on the kernel refuses to let any file grow further."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(run: PracticeRun, report: RolloutReport) -> None:
        if run.trainer.num_rollouts == settings.fault_from:
            resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_DISK_BYTES, usual[1]))

    try:
        practise(folder, settings, fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    state = folder / "out" / "practice.pt"
    print(f"  state on disk: {'whole, from before' if state.exists() else 'none'}; {len(torn(folder))} torn files")


def torn(folder: Path) -> list[Path]:
    """Half-written files that were left behind."""
    return list(folder.rglob("*.tmp"))


def killed(folder: Path, settings: Settings) -> None:
    """Updates follow each other without a pause, so a kill at the first report of one falls into the next."""
    sign = OnlineUpdateStats if settings.kill_at == "update" else WorkerReady
    profile, told = load_profile("darkorbit"), list[OnlineReport]()
    hierarchy = load_hierarchy(folder / "models", profile, fastest_backend())
    learner = VisualOutcomeLearner(
        folder / "models" / "executor", profile, told.append, update_interval=0.01, logs=folder / "out", niceness=0
    )
    try:
        play_until(lambda: any(isinstance(one, sign) for one in told), hierarchy, learner, settings.games)
        updates, pid = learner.num_updates, learner.worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        told.clear()
        play_until(lambda: any(isinstance(one, sign) for one in told), hierarchy, learner, settings.games)
        print(f"  killed after update {updates}; updates again: {learner.num_updates} by a new learner")
        for one in told:
            if isinstance(one, WorkerFailure):
                print(f"  said: {one.text}")
    finally:
        learner.close()


def play_until(
    reached: Callable[[], bool], hierarchy: HierarchicalPolicy, learner: VisualOutcomeLearner, games: int
) -> None:
    """Plays embedded games of a minute one after the other as fast as it goes, then waits for what is to be reached."""
    begun_s = time.perf_counter()
    for game in range(games):
        world, seeds = Simulator(np.array([game], np.uint64)), np.array([game + 50], np.uint64)
        carry = hierarchy.start(seeds)
        for index in range(1200):
            if reached():
                return
            observation = world.observe().copy()
            decision = hierarchy.decide(observation, carry)
            carry = decision.carry
            world.act(decision.action)
            actors = np.array([Actor.POLICY], np.int8)
            learner.on_step(
                Step(index, observation, decision.action, decision.intent, actors, rollout_step=decision.rollout_step)
            )
    while not reached() and time.perf_counter() - begun_s < 300:
        time.sleep(0.5)
    require(reached(), "the learner has reported neither an update nor that it is ready")


TRIALS: dict[str, Callable[[Path, Settings], None]] = {
    "poisoned": with_watch(Poisoned),
    "always paid": with_watch(AlwaysPaid),
    "diverging value": diverging,
    "disk full": disk_full,
    "killed": killed,
}


def main() -> None:
    """One trial after the other."""
    smallest = ("--models", "{models}", "--hours", "0.3", "--worlds", "64", "--fault-from", "1", "--pairs", "0")
    smallest += ("--games", "1", "--kill-at", "ready")
    settings = tyro.cli(Settings, args=flags(*smallest), description=__doc__)
    logging.basicConfig(format="  log: %(message)s", level=logging.WARNING)
    torch.set_num_threads(1)
    for name, trial in TRIALS.items():
        if settings.only not in ("", name):
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            shutil.copytree(settings.models, folder / "models")
            before = load_active(folder / "models", "executor").identity
            print(name, flush=True)
            begun_s = time.process_time()
            trial(folder, settings)
            now = load_active(folder / "models", "executor").identity
            lines = [line["action"] for line in read_audit_log(folder / "models" / "executor")]
            print(f"  plays: {'what played before' if now == before else 'what the gate let through'}; audit {lines}")
            print(f"  {time.process_time() - begun_s:.0f} CPU-seconds", flush=True)


if __name__ == "__main__":
    main()
