"""What a profile declares beyond the common places has columns of its own; a game without such has none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.cued_keys import ALARM, CUED, FUEL, WEAPON, cued_play
from tests.support.policy_scenes import PROFILE, quiet_space
from understudy.contract.errors import CheckpointError
from understudy.contract.game.readings import Gauge, Selector
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile
from understudy.contract.serialization import to_plain
from understudy.learning.data.cache.episode_entry import read_episode_entry, write_episode_entry
from understudy.learning.data.labelled_episode import label_episode
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout, layout_of
from understudy.policies.encoder import ENCODING, Encoder, encoding_of
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.inference_backend import OnnxBackend, TorchBackend
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import PolicyBundle, require_layout
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile

LAYOUT = layout_of(CUED)


def encode(profile: Profile, records: np.ndarray) -> np.ndarray:
    return Encoder(profile).encode_episode(Observation(records)).context


def test_the_layout_of_the_embedded_game_is_the_common_one() -> None:
    assert layout_of(load_profile("darkorbit")) == COMMON == FeatureLayout()
    assert COMMON.width == CONTEXT_WIDTH and encoding_of(COMMON) == ENCODING


def test_every_reading_of_a_game_moves_columns_of_its_own() -> None:
    assert FeatureLayout(gauges=("fuel",), switches=("alarm",), more_choices=2, second_choices=4) == LAYOUT
    assert encoding_of(LAYOUT) != ENCODING
    records = np.repeat(quiet_space().records, 5)
    records["player"]["gauges"][:, : FUEL + 1] = 0.5
    records["player"]["gauges"][1, FUEL] = np.nan
    records["player"]["switches"][2, ALARM] = 1
    records["player"]["selectors"][:, WEAPON] = (4, 4, 4, 6, 4)
    records["player"]["selectors"][:, 1] = (0, 0, 0, 0, 3)
    rows = np.concatenate([encode(CUED, records[each : each + 1]) for each in range(5)])[:, CONTEXT_WIDTH:]
    assert rows.shape[1] == LAYOUT.width - CONTEXT_WIDTH
    changed = [set(np.flatnonzero(row != rows[0]).tolist()) for row in rows]
    gauge, alarm, sixth = changed[1], changed[2], changed[3]
    assert gauge >= {0, 1} and max(gauge) < LAYOUT.switches_at - CONTEXT_WIDTH
    assert rows[0, :2].tolist() == [0.5, 1.0] and (rows[1, :12] == 0).all()
    assert alarm == {LAYOUT.switches_at - CONTEXT_WIDTH}
    choices = LAYOUT.choices_at - CONTEXT_WIDTH
    assert sixth == {choices + 1} and changed[4] == {choices + 2, choices + 5}  # the stance was unknown before


def test_the_common_columns_do_not_depend_on_what_else_is_declared() -> None:
    observation, _ = cued_play(300, seed=3)
    observation.records["player"]["selectors"][:, WEAPON] = 2
    common = encode(replace(CUED, gauges=CUED.gauges[:FUEL]), observation.records)
    np.testing.assert_array_equal(encode(CUED, observation.records)[:, :CONTEXT_WIDTH], common[:, :CONTEXT_WIDTH])


def bundle(profile: Profile) -> PolicyBundle:
    executor = Executor(ExecutorConfig(width=8, heads=2, components=2, layout=layout_of(profile))).eval()
    return PolicyBundle(executor, np.zeros(1, MOTOR_MODEL)[0])


def test_a_profile_with_another_layout_is_refused_in_one_sentence() -> None:
    with pytest.raises(CheckpointError, match=r"places for nothing more.*'cued' needs places for the gauge 'fuel'"):
        HierarchicalPolicy(bundle(PROFILE), CUED)
    with pytest.raises(CheckpointError, match=r"places for the gauge 'fuel'.* needs places for nothing more.*again"):
        HierarchicalPolicy(bundle(CUED), PROFILE)
    eight = replace(CUED, selectors=(Selector(name="weapon", num_choices=8),))
    with pytest.raises(CheckpointError, match=r"2 more choices of the first selector.* 4 more choices"):
        require_layout("executor", layout_of(replace(CUED, selectors=CUED.selectors[:1])), eight)


def test_a_plain_gauge_alone_gets_columns_too() -> None:
    assert layout_of(replace(PROFILE, gauges=(*PROFILE.gauges, Gauge(name="wind")))).gauges == ("wind",)


def test_policies_of_such_a_game_decide_alike_in_onnx(tmp_path: Path) -> None:
    policies, (observation, _) = bundle(CUED), cued_play(40, seed=4)
    decisions = []
    for backend in (TorchBackend(policies), OnnxBackend(policies)):
        pilot, seeds = HierarchicalPolicy(policies, CUED, backend), np.array([1], np.uint64)
        carry = pilot.start(seeds)
        decisions.append([pilot.decide(observation[tick : tick + 1], carry).action.records[0] for tick in range(40)])
    assert [each["keys"] for each in decisions[0]] == [each["keys"] for each in decisions[1]]


def test_the_cache_keeps_the_columns(tmp_path: Path) -> None:
    labelled = label_episode(*cued_play(200, seed=5), CUED)
    write_episode_entry(tmp_path / "entry.npz", labelled)
    found = read_episode_entry(tmp_path / "entry.npz")
    assert found.encoded.context.shape == labelled.encoded.context.shape == (200, LAYOUT.width)
    np.testing.assert_allclose(found.encoded.context, labelled.encoded.context, atol=2e-3)


def test_a_config_of_before_has_the_common_layout() -> None:
    plain = {name: value for name, value in to_plain(ExecutorConfig()).items() if name != "layout"}
    assert ExecutorConfig(**plain).layout == COMMON
