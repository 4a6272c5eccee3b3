"""The ShadowTrainer with its real learner: play goes in as steps; updates, scores and a candidate come out."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from tests.support.teacher_play import PROFILE, teacher_play
from understudy.contract.action import Action, Actor
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.protocols import Listener, Step
from understudy.learning.shadow.listener import ShadowTrainer
from understudy.learning.shadow.messages import (
    AgreementScore,
    BufferFill,
    Disagreements,
    PromotionResult,
    ShadowReady,
    ShadowReport,
    ShadowUpdateStats,
)
from understudy.learning.worker.messages import WorkerFailure
from understudy.learning.worker.worker_process import WorkerTimeouts
from understudy.policies.checkpoint import BEST, load_checkpoint

PATIENCE_S = 400.0


class Ear:
    """Keeps the reports."""

    def __init__(self) -> None:
        self.reports: list[ShadowReport] = []
        self._heard = threading.Condition()

    def __call__(self, report: ShadowReport) -> None:
        with self._heard:
            self.reports.append(report)
            self._heard.notify_all()

    def of(self, kind: type) -> list[ShadowReport]:
        return [report for report in self.reports if isinstance(report, kind)]

    def wait(self, seen: Callable[[], object]) -> None:
        with self._heard:
            assert self._heard.wait_for(seen, PATIENCE_S), self.reports[-5:]


def steps(num_ticks: int, actor: Actor = Actor.PERSON, number: int = 0, first: int = 0) -> list[Step]:
    play = teacher_play()[number]
    found = []
    for tick in range(num_ticks):
        records = play.observation.records[tick : tick + 1].copy()
        records["time_s"] = (first + tick) / TICK_RATE_HZ
        action = Action(play.actions[tick : tick + 1])
        found.append(Step(first + tick, Observation(records), action, no_intent(1), np.array([actor], np.int8)))
    return found


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models")


@pytest.fixture
def make(models: Path, tmp_path: Path) -> Callable[..., ShadowTrainer]:
    def trainer(ear: Ear, **settings: object) -> ShadowTrainer:
        made: dict[str, object] = {
            "niceness": 0,
            "session": "now",
            "logs": tmp_path / "logs",
            "recordings": tmp_path / "none",
        }
        return ShadowTrainer(models / "executor", PROFILE, ear, **(made | settings))  # type: ignore[arg-type]

    return trainer


def test_a_played_session_is_scored_learnt_from_staged_and_judged(
    make: Callable[..., ShadowTrainer], models: Path, tmp_path: Path
) -> None:
    ear, before = Ear(), load_checkpoint(models / "executor" / BEST)
    trainer = make(ear, update_interval=0.2, learning_rate=1e-3)
    assert isinstance(trainer, Listener)
    for step in steps(1200):
        trainer.on_step(step)
    ear.wait(lambda: len(ear.of(ShadowUpdateStats)) >= 5)
    trainer.close()
    trainer.close()

    (ready,) = ear.of(ShadowReady)
    assert isinstance(ready, ShadowReady) and ready.base_minutes == 0 and "no recordings" in ready.note
    (judged,) = ear.of(PromotionResult)
    assert isinstance(judged, PromotionResult) and not judged.promoted and "held out" in judged.reason
    assert ear.of(BufferFill) and ear.of(AgreementScore) and ear.of(Disagreements) and not ear.of(WorkerFailure)
    assert [report.number for report in ear.of(ShadowUpdateStats)] == list(range(1, trainer.num_updates + 1))  # type: ignore[union-attr]

    staged = load_checkpoint(trainer.candidate, "executor")
    assert staged.identity == judged.identity != before.identity
    made_from = {parent.what: parent.identity for parent in staged.meta.lineage}
    assert made_from["base"] == before.identity and made_from["shadow"] == staged.meta.data_hash
    assert {"strategist", "tactician"} <= set(made_from)
    assert load_checkpoint(models / "executor" / BEST).identity == before.identity
    rows = [json.loads(line) for line in (tmp_path / "logs" / "now" / "numbers.jsonl").read_text().splitlines()]
    assert {"train_loss", "learning_rate", "click_accuracy", "agreement/before_learning"} <= set(rows[-2])
    assert list((tmp_path / "logs" / "now").glob("events.out.tfevents*"))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_killed_learner_comes_back_with_the_play_so_far(make: Callable[..., ShadowTrainer]) -> None:
    ear = Ear()
    trainer = make(ear, update_interval=0.2)
    for step in steps(600):
        trainer.on_step(step)
    ear.wait(lambda: ear.of(ShadowUpdateStats))
    filled = 0.8 * trainer.num_samples  # which of the ticks without an event are kept is drawn anew
    assert trainer.worker.pid is not None
    os.kill(trainer.worker.pid, signal.SIGKILL)
    ear.wait(lambda: ear.of(WorkerFailure))
    count = len(ear.reports)
    ear.wait(
        lambda: any(isinstance(report, BufferFill) and report.num_samples >= filled for report in ear.reports[count:])
    )
    ear.wait(lambda: any(isinstance(report, ShadowUpdateStats) for report in ear.reports[count:]))
    trainer.close()
    assert trainer.worker.num_restarts == 1
    (trouble,) = ear.of(WorkerFailure)
    assert isinstance(trouble, WorkerFailure) and "started again" in trouble.text


def test_what_a_policy_did_is_not_learnt_from_and_nobody_waits(make: Callable[..., ShadowTrainer]) -> None:
    ear = Ear()
    trainer = make(ear)
    longest_s = 0.0
    for step in steps(400, Actor.POLICY):
        begun_s = time.perf_counter()
        trainer.on_step(step)
        longest_s = max(longest_s, time.perf_counter() - begun_s)
    trainer.close()
    assert longest_s < 0.05
    assert not ear.of(BufferFill)
    assert (trainer.input_stats.num_ticks, trainer.input_stats.num_expert_ticks) == (400, 0)
    assert 0 < trainer.input_stats.num_active_ticks < 400


def test_weights_that_are_not_there_are_a_sentence_and_play_goes_on(
    make: Callable[..., ShadowTrainer], models: Path
) -> None:
    (models / "executor" / BEST).unlink()
    ear = Ear()
    trainer = make(ear, timeouts=WorkerTimeouts(most_restarts=1))
    ear.wait(lambda: len(ear.of(WorkerFailure)) >= 4)
    for step in steps(50):
        trainer.on_step(step)
    trainer.close()
    assert any("There is no checkpoint" in report.text for report in ear.of(WorkerFailure))  # type: ignore[union-attr]
