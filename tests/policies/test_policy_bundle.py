"""A brain is put together from its checkpoints, and what does not fit is refused or warned of."""

import dataclasses
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.constant_hand import curved_hand
from tests.support.memory_limit import at_most_more
from tests.support.small_policies import write_brain
from understudy.contract import serialization
from understudy.contract.errors import CheckpointError, EncodingMismatchError
from understudy.policies.checkpoint import (
    BASE,
    BEST,
    Checkpoint,
    CheckpointMeta,
    Parent,
    load_checkpoint,
    save_checkpoint,
    weights_identity,
)
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import LONGEST_CURVE, MOTOR_MODEL, NUM_QUANTILES
from understudy.policies.policy_bundle import SamplingConfig, hand_from_plain, hand_to_plain, load_policies
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig


def hand() -> np.void:
    record: np.void = np.zeros(1, MOTOR_MODEL)[0]
    record["dwell"] = 3.0
    return record


def save(folder: Path, name: str, model: torch.nn.Module, config: Any, **changes: Any) -> Checkpoint:
    meta = CheckpointMeta(policy=name, encoding=ENCODING, config=serialization.to_plain(config))
    saved = Checkpoint(meta=dataclasses.replace(meta, **changes), weights=model.state_dict())
    (folder / name).mkdir(exist_ok=True)
    save_checkpoint(folder / name / BEST, saved)
    return saved


def save_executor(folder: Path, *parents: Checkpoint, **changes: Any) -> None:
    config = ExecutorConfig(width=8)
    lineage = tuple(Parent(identity=each.identity, what=each.meta.policy, when="now") for each in parents)
    save(folder, "executor", Executor(config), config, **{"hand": hand_to_plain(hand()), "lineage": lineage, **changes})


def save_strategist(folder: Path, seed: int = 0) -> Checkpoint:
    torch.manual_seed(seed)
    config = StrategistConfig(width=8, layers=1)
    return save(folder, "strategist", Strategist(config), config)


def save_tactician(folder: Path) -> Checkpoint:
    config = TacticianConfig(width=8)
    return save(folder, "tactician", Tactician(config), config)


def test_a_brain_has_the_levels_that_its_executor_listened_to(tmp_path: Path) -> None:
    save_executor(tmp_path, save_strategist(tmp_path), save_tactician(tmp_path))
    policies = load_policies(tmp_path)
    assert policies.strategist is not None and policies.strategist.config.width == 8
    assert policies.tactician is not None and not policies.tactician.training
    assert policies.hand == hand()


def test_a_level_that_the_executor_never_heard_is_left_out(tmp_path: Path) -> None:
    save_tactician(tmp_path)
    save_executor(tmp_path, save_strategist(tmp_path))
    assert load_policies(tmp_path).tactician is None


def test_a_level_that_was_trained_again_since_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_executor(tmp_path, save_strategist(tmp_path, seed=0))
    with caplog.at_level(logging.WARNING):
        load_policies(tmp_path)
        assert caplog.text == ""
        save_strategist(tmp_path, seed=1)
        load_policies(tmp_path)
    assert "another strategist" in caplog.text


def test_a_level_that_was_learnt_on_from_the_one_the_executor_knows_fits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = save_strategist(tmp_path)
    save_executor(tmp_path, known)
    lineage = (Parent(identity=known.identity, what=BASE, when="now"),)
    config = StrategistConfig(width=8, layers=1)
    torch.manual_seed(1)
    tuned = save(tmp_path, "strategist", Strategist(config), config, lineage=lineage)
    assert tuned.identity != known.identity and tuned.continues(known.identity)
    assert not known.continues(tuned.identity)
    with caplog.at_level(logging.WARNING):
        load_policies(tmp_path)
    assert caplog.text == ""


def test_a_candidate_plays_in_place_of_its_own_policy(tmp_path: Path) -> None:
    save_executor(tmp_path, save_strategist(tmp_path))
    strategist = load_policies(tmp_path).strategist
    lineage = (Parent(identity=save_strategist(tmp_path).identity, what=BASE, when="now"),)
    config = StrategistConfig(width=8, layers=1)
    torch.manual_seed(1)
    other = Strategist(config)
    meta = CheckpointMeta(
        policy="strategist", encoding=ENCODING, config=serialization.to_plain(config), lineage=lineage
    )
    policies = load_policies(tmp_path, Checkpoint(meta=meta, weights=other.state_dict()))
    assert policies.strategist is not None and strategist is not None
    assert weights_identity(policies.strategist.state_dict()) == weights_identity(other.state_dict())
    assert weights_identity(strategist.state_dict()) != weights_identity(other.state_dict())


def test_a_level_that_is_missing_is_an_error(tmp_path: Path) -> None:
    save_executor(tmp_path, save_strategist(tmp_path))
    (tmp_path / "strategist" / BEST).unlink()
    with pytest.raises(CheckpointError, match="strategist"):
        load_policies(tmp_path)


def test_weights_of_another_encoding_are_refused_by_name(tmp_path: Path) -> None:
    save_executor(tmp_path, encoding="gesture-0")
    with pytest.raises(EncodingMismatchError, match="gesture-0"):
        load_policies(tmp_path)


def save_executor_with(folder: Path, config: dict[str, Any]) -> None:
    """Writes an executor whose config is these plain values."""
    meta = CheckpointMeta(policy="executor", encoding=ENCODING, config=config, hand=hand_to_plain(hand()))
    weights = Executor(ExecutorConfig(width=8)).state_dict()
    (folder / "executor").mkdir(exist_ok=True)
    save_checkpoint(folder / "executor" / BEST, Checkpoint(meta=meta, weights=weights))


def test_weights_of_before_sample_each_place_of_the_map_by_itself(tmp_path: Path) -> None:
    config = serialization.to_plain(ExecutorConfig(width=8))
    before = {name: config[name] for name in config if name != "pointer_places"}
    save_executor_with(tmp_path, before)
    assert load_policies(tmp_path).sampling == SamplingConfig(pointer_places="each")
    save_executor_with(tmp_path, before | {"pointer_places": "together"})
    assert load_policies(tmp_path).sampling == SamplingConfig(pointer_places="together")
    save_executor_with(tmp_path, before | {"pointer_places": "some"})
    with pytest.raises(CheckpointError, match="one of each, together"):
        load_policies(tmp_path)


def test_weights_that_do_not_fit_their_config_are_refused(tmp_path: Path) -> None:
    save(tmp_path, "executor", Executor(ExecutorConfig(width=8)), ExecutorConfig(width=16))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_policies(tmp_path)


CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "a width below 0": ("executor", {"width": -1}),
    "no width": ("tactician", {"width": 0}),
    "a width of a thousand million": ("executor", {"width": 10**9}),
    "the largest width there is": ("executor", {"width": 4096, "heads": 4096}),
    "a width that is text": ("strategist", {"width": "wide"}),
    "layers without end": ("strategist", {"layers": 10**9}),
    "another number of layers": ("strategist", {"layers": 64, "width": 4096}),
    "heads that do not divide the width": ("strategist", {"heads": 3}),
    "a window without end": ("strategist", {"window_s": 2**40}),
    "dropout that is no number": ("executor", {"dropout": float("nan")}),
    "no rings": ("executor", {"rings": -1}),
    "an unknown entry": ("tactician", {"depth": 3}),
}


@pytest.mark.parametrize(("policy", "changes"), CONFIGS.values(), ids=CONFIGS.keys())
def test_a_config_that_is_not_the_weights_own_costs_nothing_and_is_refused(
    tmp_path: Path, policy: str, changes: dict[str, Any]
) -> None:
    write_brain(tmp_path)
    path = tmp_path / policy / BEST
    saved = load_checkpoint(path)
    save_checkpoint(path, replace(saved, meta=replace(saved.meta, config={**saved.meta.config, **changes})))
    with at_most_more(500_000_000), pytest.raises(CheckpointError, match=f"The {policy}'s weights do not fit its own"):
        load_policies(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_do_not_play(tmp_path: Path, value: float) -> None:
    write_brain(tmp_path)
    path = tmp_path / "executor" / BEST
    saved = load_checkpoint(path)
    save_checkpoint(path, replace(saved, weights={**saved.weights, "start.bias": torch.full((2,), value)}))
    with pytest.raises(CheckpointError, match="The executor holds weights that are not numbers"):
        load_policies(tmp_path)


@pytest.mark.parametrize(
    "broken",
    [
        *({}, {"dwell": [1.0]}, {"dwell": "fast"}, {"dwell": None}),
        *({"dwell": [value] * NUM_QUANTILES} for value in (float("nan"), 1e30, 1e300, -1e6, 10**400)),
        {"curve": []},
    ],
)
def test_a_hand_that_is_none_is_refused(broken: dict[str, Any]) -> None:
    plain = {**hand_to_plain(hand()), **broken} if broken else {}
    with pytest.raises(CheckpointError, match="no usable hand"):
        hand_from_plain(plain)


@pytest.mark.parametrize("ticks", [0.0, -1.0, LONGEST_CURVE + 1, float("nan")])
def test_curves_that_take_no_time_or_too_long_are_refused(ticks: float) -> None:
    plain = hand_to_plain(curved_hand([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)]))
    assert hand_from_plain(plain)["curve_ticks"][-1] == 2
    plain["curve_ticks"][-1] = ticks
    with pytest.raises(CheckpointError, match="no usable hand \\(curve_ticks\\)"):
        hand_from_plain(plain)
