"""What an Executor is told in training is what the Hierarchy tells it in play, at every tick."""

import numpy as np
import pytest
import torch

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.intent import NUM_MODES
from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy

MINUTE = 1200


def upstream(strategist: bool = True, tactician: bool = True) -> UpstreamPolicies:
    torch.manual_seed(3)
    return UpstreamPolicies(
        Strategist(StrategistConfig(width=32, layers=2)).eval() if strategist else None,
        Tactician(TacticianConfig(width=32)).eval() if tactician else None,
    )


def replayed(labelled: LabelledEpisode, levels: UpstreamPolicies, num_ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """(advice, weights) that a Hierarchy computes while it is shown a recorded session."""
    hand: np.void = np.ones(1, MOTOR_MODEL)[0]
    pilot = HierarchicalPolicy(
        PolicyBundle(Executor(ExecutorConfig(width=16)), hand, levels.strategist, levels.tactician), PROFILE
    )
    carry = pilot.start(np.zeros(1, np.uint64))
    words, weights = np.zeros((num_ticks, CONDITIONING_WIDTH)), np.zeros((num_ticks, MAX_TRACKS))
    for tick in range(num_ticks):
        decision = pilot.decide(labelled.observation[tick : tick + 1], carry)
        carry = decision.carry
        words[tick], weights[tick] = carry.conditioning[0].numpy(), decision.intent.records["target_probabilities"][0]
    return words, weights


@pytest.mark.parametrize(("strategist", "tactician"), [(True, True), (True, False), (False, True), (False, False)])
def test_advice_in_training_is_the_advice_in_play_for_the_whole_first_minute(strategist: bool, tactician: bool) -> None:
    labelled, levels = teacher_lessons()[0], upstream(strategist, tactician)
    words, weights = replayed(labelled, levels, MINUTE)
    advice, told_weights = levels.conditioning(labelled)
    np.testing.assert_allclose(advice[0, :MINUTE], words, atol=1e-5)
    np.testing.assert_allclose(told_weights[0, :MINUTE], weights, atol=1e-5)
    assert (np.abs(advice).max() > 0) == (strategist or tactician)


def test_later_the_look_back_is_up_to_half_a_window_shorter_in_training() -> None:
    """In training a second looks back on 30 to 60 s, in play always on 60: the word may differ, but not by much."""
    labelled, levels = teacher_lessons()[0], upstream(tactician=False)
    words, _ = replayed(labelled, levels, 2400)
    advice, _ = levels.conditioning(labelled)
    last_of_half = slice(MINUTE + 29 * 20, MINUTE + 30 * 20)  # this second looks back on a whole minute in both
    np.testing.assert_allclose(advice[0, last_of_half], words[last_of_half], atol=1e-5)
    assert np.abs(advice[0, MINUTE:2400, :NUM_MODES] - words[MINUTE:, :NUM_MODES]).mean() < 0.05


def test_a_word_stands_until_the_next_one() -> None:
    labelled = teacher_lessons()[0]
    advice, weights = upstream().conditioning(labelled)
    strategies, tactics = advice[0, :, :STRATEGY_WIDTH], advice[0, :, STRATEGY_WIDTH:]
    changes = np.flatnonzero((np.diff(strategies, axis=0) != 0).any(axis=1)) + 1
    assert len(changes) > 50 and (changes % 20 == 0).all()
    changes = np.flatnonzero((np.diff(tactics, axis=0) != 0).any(axis=1)) + 1
    assert len(changes) > 200 and (changes % 4 == 0).all()
    empty = labelled.observation.records["tracks"]["id"] == 0
    assert not weights[0][empty].any()


def test_a_mirrored_scene_is_advised_on_its_own() -> None:
    labelled = teacher_lessons()[0]
    strategies = upstream(tactician=False).strategist_outputs(labelled)
    assert strategies.shape == (4, len(labelled), STRATEGY_WIDTH)
    assert np.abs(strategies[0] - strategies[1]).max() > 1e-3


def test_nothing_is_told_without_levels_above() -> None:
    advice, weights = UpstreamPolicies().conditioning(teacher_lessons()[0])
    assert not advice.any() and not weights.any()
