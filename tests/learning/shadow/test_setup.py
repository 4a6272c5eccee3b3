"""What a shadow session begins with: recordings of then, split as then; weights of now, or of a lost learner."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.small_policies import write_brain
from tests.support.teacher_play import PROFILE, teacher_play
from understudy.contract.action import Actor
from understudy.contract.errors import NoRecordingsError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.dataset import load_dataset
from understudy.learning.registry.audit_log import STAGED
from understudy.learning.registry.candidates import stage
from understudy.learning.registry.promotion import PromotionRecord, promote
from understudy.learning.shadow.messages import ShadowPaths, ShadowSettings
from understudy.learning.shadow.setup import base_recordings, base_trained_at_s, build_shadow_learner
from understudy.policies.checkpoint import (
    BASE,
    BEST,
    Checkpoint,
    Parent,
    load_checkpoint,
    save_checkpoint,
    weights_identity,
)
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    for number, play in enumerate(teacher_play()):
        records = play.observation.records.copy()
        records["time_s"] = np.arange(len(records)) / TICK_RATE_HZ
        episode = Episode(
            info=describe(PROFILE, pilot="teacher:hunter"),
            observations=records,
            actions=play.actions,
            actors=np.full(len(records), Actor.TEACHER, np.int8),
        )
        write_episode(episode, folder / f"base_{number}.mcap")
    return folder


def test_base_recordings_are_split_as_they_were_in_training(recordings: Path) -> None:
    train, held_out = base_recordings(recordings, time.time() + 1, PROFILE)
    dataset = load_dataset(recordings)
    assert {part.actions.tobytes() for part in train} == {part.actions.tobytes() for part in dataset.train}
    assert [part.actions.tobytes() for part in held_out] == [part.actions.tobytes() for part in dataset.validation]
    assert len(train) == 3 and len(held_out) == 1


def test_recordings_that_are_newer_than_the_weights_are_no_base(recordings: Path) -> None:
    oldest_s = min(path.stat().st_mtime for path in recordings.iterdir())
    with pytest.raises(NoRecordingsError):
        base_recordings(recordings, oldest_s - 10, PROFILE)


def test_a_session_rehearses_stages_and_goes_on_from_what_it_staged(recordings: Path, tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    os.utime(models / "executor" / BEST, (time.time() + 5, time.time() + 5))
    places = ShadowPaths(
        models=models,
        candidate=models / "executor" / "staged" / "candidate_now.pt",
        log_folder=tmp_path / "logs",
        recordings=recordings,
    )
    beats: list[float] = []
    start = build_shadow_learner(ShadowSettings(), places, PROFILE, lambda: beats.append(time.perf_counter()))
    assert (start.base_minutes, start.held_out_minutes, start.note) == (6.0, 2.0, "")
    assert len(beats) > 8
    learner = start.learner
    assert learner.rehearsal is not None and len(learner.rehearsal.pool) > 500
    records, actions = teacher_play()[3].observation.records.copy(), teacher_play()[3].actions
    records["time_s"] = np.arange(len(records)) / TICK_RATE_HZ
    learner.add_block(records[:600], actions[:600], 0)
    learner.update(0.0)
    verdict = learner.evaluate_candidate()
    assert verdict.numbers["base_agreement_before"] >= 0.0
    identity = start.stage("0" * 16, verdict.numbers)
    staged = load_checkpoint(places.candidate)
    assert staged.identity == identity != load_checkpoint(models / "executor" / BEST).identity
    assert staged.meta.metrics["shadow_base_agreement"] == verdict.numbers["base_agreement"]
    again = build_shadow_learner(ShadowSettings(), places, PROFILE, lambda: None)
    assert weights_identity(again.learner.model.state_dict()) == identity
    assert weights_identity(again.learner.initial_policy.state_dict()) != identity


def test_drift_is_measured_from_the_weights_before_all_shadow_sessions(recordings: Path, tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models", seed=3)
    first = load_checkpoint(models / "executor" / BEST)
    trained = datetime.now(UTC) + timedelta(seconds=5)
    made = Parent(identity="f" * 16, what="recordings", when=trained.isoformat(timespec="seconds"))
    first = replace(first, meta=replace(first.meta, lineage=(made, *first.meta.lineage)))
    save_checkpoint(models / "executor" / BEST, first)
    weights = {name: weight + 0.05 * torch.randn_like(weight) for name, weight in first.weights.items()}
    later = (*first.meta.lineage, Parent(identity=first.identity, what=BASE, when="2026-01-02"))
    newer = Checkpoint(meta=replace(first.meta, lineage=later), weights=weights)
    candidate = models / "executor" / STAGED / "candidate_then.pt"
    stage(candidate, newer)
    promote(models, candidate, PromotionRecord(why="a test"))
    os.utime(models / "executor" / BEST, (time.time() + 9999, time.time() + 9999))
    places = ShadowPaths(
        models=models, candidate=tmp_path / "candidate_now.pt", log_folder=tmp_path, recordings=recordings
    )
    start = build_shadow_learner(ShadowSettings(), places, PROFILE, lambda: None)
    assert weights_identity(start.learner.initial_policy.state_dict()) == newer.identity
    assert weights_identity(start.learner.root_policy.state_dict()) == first.identity
    assert base_trained_at_s(newer, models / "executor" / BEST) == pytest.approx(trained.timestamp(), abs=2)
    assert start.base_minutes == 6.0, "what was recorded before the training is the base"
