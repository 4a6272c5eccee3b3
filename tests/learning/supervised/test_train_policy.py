"""One policy after another is trained from real recordings of the teacher, and listens to the ones before it."""

import dataclasses
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.cli.record import record_teacher
from understudy.contract.errors import FlagError, TrainingError
from understudy.learning.data.dataset import Dataset, load_dataset
from understudy.learning.data.labelled_episode import label_episode
from understudy.learning.registry.policy_lock import training_lock
from understudy.learning.supervised.train_policy import (
    POLICIES,
    TrainResult,
    TrainSettings,
    resolve_device,
    train_policy,
)
from understudy.learning.training.trainer_config import FitConfig
from understudy.policies.checkpoint import (
    BASE,
    HELD_OUT,
    load_checkpoint,
    load_playing,
    parent_now,
    save_checkpoint,
)
from understudy.policies.encoder import ENCODING
from understudy.policies.motor_model import typical_duration
from understudy.policies.policy_bundle import load_policies


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("recordings")
    record_teacher("hunter", 6.0, 3, folder, sessions=4)
    return load_dataset(folder)


def train(policy: str, dataset: Dataset, folder: Path, **changes: object) -> TrainResult:
    options = {"fit": FitConfig(epochs=2, batch_size=64, lr=1e-3), "device": "cpu", "log_dir": folder / "logs"}
    settings = TrainSettings(output_dir=folder / policy, **{**options, **changes})
    return train_policy(policy, dataset, settings)


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[TrainResult]]:
    folder = tmp_path_factory.mktemp("models")
    return folder, [train(policy, dataset, folder, pointer_places="together") for policy in POLICIES]


def test_a_folder_is_trained_into_by_one_at_a_time(dataset: Dataset, tmp_path: Path) -> None:
    with (
        training_lock(tmp_path / "strategist"),
        pytest.raises(TrainingError, match="trained into already"),
    ):
        train("strategist", dataset, tmp_path)
    assert not list(tmp_path.rglob("*.pt"))


def test_the_three_checkpoints_make_a_brain(trained: tuple[Path, list[TrainResult]]) -> None:
    policies = load_policies(trained[0])
    assert policies.strategist is not None and policies.tactician is not None
    assert policies.sampling.pointer_places == "together"
    assert policies.hand["dwell"].min() >= -1, "a press may come in the last tick of a motion"
    assert policies.hand["curve_ticks"].max() > 0 and typical_duration(policies.hand, 3.0) > 0


def test_each_checkpoint_names_what_it_was_made_from(trained: tuple[Path, list[TrainResult]], dataset: Dataset) -> None:
    saved = {policy: load_checkpoint(trained[0] / policy / "best_model.pt") for policy in POLICIES}
    lineage = {name: {parent.what: parent.identity for parent in each.meta.lineage} for name, each in saved.items()}
    assert lineage["executor"] == {
        "recordings": dataset.data_hash,
        "strategist": saved["strategist"].identity,
        "tactician": saved["tactician"].identity,
        HELD_OUT: load_checkpoint(trained[0] / "executor" / HELD_OUT / "best_model.pt").identity,
    }
    assert len({each.meta.data_hash for each in saved.values()}) == 3
    assert saved["executor"].meta.hand and not saved["tactician"].meta.hand


def test_what_is_judged_never_saw_the_held_out_sessions_and_what_plays_did(
    trained: tuple[Path, list[TrainResult]], dataset: Dataset
) -> None:
    folder, results = trained
    judged = {policy: load_checkpoint(folder / policy / HELD_OUT / "best_model.pt") for policy in POLICIES}
    played = {policy: load_checkpoint(folder / policy / "best_model.pt") for policy in POLICIES}
    assert len(dataset.with_validation_merged.train) == len(dataset.train) + len(dataset.validation)
    for policy, result in zip(POLICIES, results, strict=True):
        assert judged[policy].identity != played[policy].identity
        assert played[policy].meta.metrics == judged[policy].meta.metrics == result.fit.metrics
    listened = {parent.what: parent.identity for parent in judged["executor"].meta.lineage}
    assert listened["strategist"] == judged["strategist"].identity
    assert listened["tactician"] == judged["tactician"].identity


def test_a_judged_brain_never_saw_the_held_out_sessions(
    trained: tuple[Path, list[TrainResult]],
) -> None:
    played, judged = load_policies(trained[0]), load_policies(trained[0], use_held_out_twin=True)
    assert played.strategist is not None and judged.strategist is not None
    for one, other in ((played.executor, judged.executor), (played.strategist, judged.strategist)):
        assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_what_was_trained_or_learnt_on_since_is_judged_itself(
    trained: tuple[Path, list[TrainResult]], dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "strategist"
    shutil.copytree(trained[0] / "strategist", folder)
    best = load_checkpoint(folder / "best_model.pt")
    assert load_playing(folder, "strategist", ENCODING, judged=True).identity != best.identity
    learnt_on = dataclasses.replace(best.meta, lineage=(*best.meta.lineage, parent_now(best.identity, BASE)))
    save_checkpoint(folder / "best_model.pt", dataclasses.replace(best, meta=learnt_on))
    assert load_playing(folder, "strategist", ENCODING, judged=True).identity == best.identity
    monkeypatch.setattr("understudy.learning.data.dataset.SHORT_H", 0.01)
    result = train("strategist", dataset, tmp_path)
    assert (folder / HELD_OUT / "best_model.pt").exists()
    again = load_playing(folder, "strategist", ENCODING, judged=True)
    assert again.identity == load_checkpoint(result.fit.best_path).identity != best.identity


def test_much_play_is_learnt_from_once(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.learning.data.dataset.SHORT_H", 0.01)
    train("strategist", dataset, tmp_path)
    assert not (tmp_path / "strategist" / HELD_OUT).exists()


def test_a_run_stopped_in_its_second_pass_resumes_to_the_same_weights(dataset: Dataset, tmp_path: Path) -> None:
    config = FitConfig(epochs=8, batch_size=4, lr=1e-3)
    whole = train("strategist", dataset, tmp_path / "once", fit=config)
    judged = load_checkpoint(tmp_path / "once" / "strategist" / HELD_OUT / "last_model.pt")
    assert judged.training is not None
    steps_left = judged.training["state"]["step"] + 3

    def stop() -> bool:
        nonlocal steps_left
        steps_left -= 1
        return steps_left == 0

    folder = tmp_path / "twice"
    settings = TrainSettings(output_dir=folder / "strategist", fit=config, device="cpu", log_dir=folder / "logs")
    assert not train_policy("strategist", dataset, settings, stop=stop).fit.finished
    resumed = train("strategist", dataset, folder, fit=config, resume=True)
    assert resumed.fit.finished
    assert load_checkpoint(resumed.fit.best_path).identity == load_checkpoint(whole.fit.best_path).identity


def test_every_metric_of_the_guide_has_its_baseline(trained: tuple[Path, list[TrainResult]]) -> None:
    strategist, tactician, executor = (result.fit.metrics for result in trained[1])
    assert {"accuracy", "mode_accuracy", "mode_accuracy_baseline"} <= strategist.keys()
    assert {"accuracy", "target_accuracy", "target_accuracy_baseline"} <= tactician.keys()
    assert "accuracy" in executor
    assert all(type(value) is float for result in trained[1] for value in result.fit.metrics.values())


def test_without_upstream_it_warns_and_trains_alone(
    dataset: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        train("tactician", dataset, tmp_path, fit=FitConfig(epochs=1, batch_size=256))
    assert "trained without the strategist's advice" in caplog.text
    lineage = load_checkpoint(tmp_path / "tactician" / "best_model.pt").meta.lineage
    assert [parent.what for parent in lineage] == ["recordings", HELD_OUT]


def test_the_same_seed_trains_the_same_weights(
    dataset: Dataset, trained: tuple[Path, list[TrainResult]], tmp_path: Path
) -> None:
    train("strategist", dataset, tmp_path)
    one, other = (load_checkpoint(folder / "strategist" / "last_model.pt") for folder in (tmp_path, trained[0]))
    assert one.identity == other.identity


def test_a_changed_upstream_cannot_be_resumed_on(dataset: Dataset, tmp_path: Path) -> None:
    short = FitConfig(epochs=1, batch_size=256)
    train("tactician", dataset, tmp_path, fit=short)
    train("strategist", dataset, tmp_path, fit=short)
    with pytest.raises(TrainingError, match="other recordings or upstream weights"):
        train("tactician", dataset, tmp_path, fit=short, resume=True)


@pytest.mark.parametrize("policy", POLICIES)
def test_play_without_a_click_is_one_sentence_whichever_policy_comes_first(
    policy: str, dataset: Dataset, tmp_path: Path
) -> None:
    idle = [
        label_episode(labelled.observation, np.zeros_like(labelled.actions), dataset.profile)
        for labelled in dataset.train
    ]
    with pytest.raises(TrainingError, match="hold 0 clicks"):
        train(policy, dataclasses.replace(dataset, train=idle), tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without CUDA")
@pytest.mark.parametrize("wanted", ["cuda", "cuda:1"])
def test_cuda_where_there_is_none_warns_and_takes_the_cpu(wanted: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert resolve_device(wanted) == torch.device("cpu")
    assert wanted in caplog.text


@pytest.mark.parametrize("wanted", ["gpu", "cuda:x", "cuda:", ""])
def test_a_device_that_does_not_exist_is_refused(wanted: str) -> None:
    with pytest.raises(FlagError, match="is no device"):
        resolve_device(wanted)
