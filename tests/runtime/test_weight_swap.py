"""New weights come in between two ticks, whole or not at all."""

import dataclasses
import logging
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.recording_world import PaperWorld
from tests.support.small_policies import write_brain
from understudy.contract.errors import CheckpointError
from understudy.policies.checkpoint import BASE, BEST, Checkpoint, Parent, load_checkpoint, save_checkpoint
from understudy.policies.inference_backend import TorchBackend
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.runtime.latest_value import Latest
from understudy.runtime.weight_swap import (
    CheckpointWatcher,
    LoadedPolicies,
    WeightSwapper,
    identities,
    require_finite_outputs,
)

PATIENCE_S = 20.0


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models", seed=1)


def wait_for(watch: CheckpointWatcher) -> LoadedPolicies | None:
    return watch.arrived.take(timeout_s=PATIENCE_S)


@pytest.mark.parametrize("library", ["torch", "onnxruntime"])
def test_new_weights_in_the_folder_arrive_and_decide_from_the_next_tick_on(models: Path, library: str) -> None:
    hierarchy = load_hierarchy(models, PaperWorld.profile, library)
    watch = CheckpointWatcher(models, every_s=0.02, library=library)
    try:
        told: list[dict[str, str]] = []
        swapper = WeightSwapper(hierarchy, watch.arrived, told.append)
        carry = hierarchy.start(np.array([3], np.uint64))
        old = hierarchy.policies
        assert not swapper(carry)
        write_brain(models, seed=2)
        until = time.perf_counter() + PATIENCE_S
        while not swapper(carry) and time.perf_counter() < until:
            hierarchy.decide(PaperWorld().observe(), carry)
        assert hierarchy.policies is not old
        assert hierarchy.networks.library.startswith(library)
        assert told == [identities(models)]
        assert carry.levels.tick > 0, "what was seen before stays remembered"
        assert swapper.num_swaps == 1
    finally:
        watch.close()


def test_what_lies_there_at_the_beginning_is_not_new(models: Path) -> None:
    watch = CheckpointWatcher(models, every_s=0.02)
    time.sleep(0.2)
    watch.close()
    assert watch.arrived.take() is None


def test_half_of_a_new_training_is_not_taken_before_the_other_half_is_there(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watch = CheckpointWatcher(models, every_s=0.02)
    try:
        write_brain(models, seed=2, policies=("strategist", "tactician"))
        until = time.perf_counter() + PATIENCE_S
        while "was made from" not in caplog.text and time.perf_counter() < until:
            time.sleep(0.02)
        assert "was made from" in caplog.text
        assert watch.arrived.take() is None
        write_brain(models, seed=2, policies=("executor",))
        new = wait_for(watch)
        assert new is not None and new.identities == identities(models)
    finally:
        watch.close()


def test_a_level_learnt_on_from_the_one_that_the_executor_knows_is_taken(models: Path) -> None:
    before = load_checkpoint(models / "strategist" / BEST)
    lineage = (Parent(identity=before.identity, what=BASE, when="now"),)
    weights = {name: 1.01 * weight for name, weight in before.weights.items()}
    meta = dataclasses.replace(before.meta, lineage=lineage)
    save_checkpoint(models / "strategist" / BEST, Checkpoint(meta=meta, weights=weights))
    assert identities(models)["strategist"] != before.identity


def test_weights_with_a_nan_are_refused_and_play_goes_on_with_the_old_ones(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = models / "executor" / BEST
    checkpoint = load_checkpoint(path)
    checkpoint.weights["start.bias"].fill_(torch.nan)
    watch = CheckpointWatcher(models, every_s=0.02)
    try:
        save_checkpoint(path, checkpoint)
        until = time.perf_counter() + PATIENCE_S
        while "not numbers" not in caplog.text and time.perf_counter() < until:
            time.sleep(0.02)
        assert "not numbers" in caplog.text
        assert watch.arrived.take() is None
    finally:
        watch.close()
    with pytest.raises(CheckpointError, match="not numbers"):
        require_finite_outputs(load_hierarchy(models, PaperWorld.profile).policies, "models")


def test_a_torn_file_is_not_taken(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = CheckpointWatcher(models, every_s=0.02)
    try:
        path = models / "tactician" / BEST
        path.write_bytes(path.read_bytes()[:2000])
        until = time.perf_counter() + PATIENCE_S
        while "not taken" not in caplog.text and time.perf_counter() < until:
            time.sleep(0.02)
        assert "not taken" in caplog.text
        assert watch.arrived.take() is None
    finally:
        watch.close()


def test_a_swap_changes_what_is_decided(models: Path, tmp_path: Path) -> None:
    other = load_hierarchy(write_brain(tmp_path / "other", seed=9), PaperWorld.profile).policies
    arrived: Latest[LoadedPolicies] = Latest()
    goals = []
    for policies in (None, other):
        hierarchy = load_hierarchy(models, PaperWorld.profile)
        carry = hierarchy.start(np.array([3], np.uint64))
        if policies is not None:
            arrived.put(LoadedPolicies(policies=policies, networks=TorchBackend(policies), identities={}))
        assert WeightSwapper(hierarchy, arrived)(carry) == (policies is not None)
        goals.append(hierarchy.decide(PaperWorld().observe(), carry).intent.records["goal"][0])
    assert not np.array_equal(*goals)
