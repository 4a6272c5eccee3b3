"""The conditioning of an Executor in training is the conditioning in play, at every tick of whole episodes."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from tests.support.teacher_play import PROFILE, teacher_lessons, teacher_play
from understudy.contract.observation import MAX_TRACKS, Observation
from understudy.learning.data.executor_batch import concatenate
from understudy.learning.data.labelled_episode import label_episode, mirror_sign_tables
from understudy.learning.data.streaming_labeller import StreamingLabeller
from understudy.learning.data.tick_grid import FilledTicks, MissedTicks, fill
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy

NUM_TICKS = 4800
"""Four minutes: four windows of the Strategist."""
SKIPPED = {1195: 4, 1700: 1, 3001: 2}
"""Ticks that were skipped in play, by the first of them; the first four hide the beginning of second 60 - 1."""


def upstream(strategist: bool = True, tactician: bool = True, seed: int = 3) -> UpstreamPolicies:
    torch.manual_seed(seed)
    made = Strategist(StrategistConfig(width=32, layers=2)).eval()
    for block in made.blocks:  # zeros at first: the weight of a second has to depend on how long ago it was
        torch.nn.init.normal_(block.distance_bias)
    return UpstreamPolicies(
        made if strategist else None, Tactician(TacticianConfig(width=32)).eval() if tactician else None
    )


def bundle(levels: UpstreamPolicies) -> PolicyBundle:
    motor: np.void = np.ones(1, MOTOR_MODEL)[0]
    return PolicyBundle(Executor(ExecutorConfig(width=16)), motor, levels.strategist, levels.tactician)


@cache
def episode(with_skips: bool) -> tuple[np.ndarray, np.ndarray]:
    """Observations and actions of a teacher, as records, from the tick before its first input."""
    play = teacher_play("hunter", 1, NUM_TICKS, 10)[0]
    skipped = [tick + number for tick, count in SKIPPED.items() for number in range(count)] if with_skips else []
    records, actions = (np.delete(part, skipped) for part in (play.observation.records, play.actions))
    first = next(part.first_index for part in StreamingLabeller(bundle(upstream()), PROFILE).watch(records, actions, 0))
    return records[first - 1 :], actions[first - 1 :]


def in_play(
    records: np.ndarray, levels: UpstreamPolicies, swap_at: int = -1, swapped_to: UpstreamPolicies | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Conditioning and target probabilities at each tick, of a policy that plays on recorded observations."""
    pilot = HierarchicalPolicy(bundle(levels), PROFILE)
    carry = pilot.start(np.zeros(1, np.uint64))
    conditioning, weights = np.zeros((len(records), CONDITIONING_WIDTH)), np.zeros((len(records), MAX_TRACKS))
    for tick in range(len(records)):
        if tick == swap_at and swapped_to is not None:
            pilot.swap(bundle(swapped_to), carry)
        if tick:
            pilot.skip_ticks(carry, round(20 * (records["time_s"][tick] - records["time_s"][tick - 1])) - 1)
        decision = pilot.decide(Observation(records[tick : tick + 1]), carry)
        carry = decision.carry
        step = decision.rollout_step
        conditioning[tick], weights[tick] = step.conditioning[0], step.target_probs[0]  # type: ignore[union-attr]
    return conditioning, weights


def on_the_grid(records: np.ndarray, actions: np.ndarray) -> FilledTicks:
    """The episode as labels see it: with a row for each tick that was skipped."""
    counter = MissedTicks()
    missed = [0, *(counter.count(float(step_s)) for step_s in np.diff(records["time_s"]))]
    return fill(records, actions, np.array(missed), live=True)


@pytest.mark.parametrize("with_skips", [False, True])
def test_play_and_offline_labels_give_the_same_conditioning_at_every_tick(with_skips: bool) -> None:
    records, actions = episode(with_skips)
    levels = upstream()
    played, played_weights = in_play(records, levels)
    offline, offline_weights = levels.conditioning(label_episode(Observation(records), actions, PROFILE))
    assert np.abs(np.diff(played, axis=0)).max() > 1e-2 and played_weights.max() > 1e-2
    np.testing.assert_allclose(offline[0], played, atol=1e-5, rtol=0)
    np.testing.assert_allclose(offline_weights[0], played_weights, atol=1e-5, rtol=0)


@pytest.mark.parametrize("with_skips", [False, True])
def test_streaming_and_offline_labels_give_the_same_conditioning_at_every_tick(with_skips: bool) -> None:
    """Both fill skipped ticks in first; without one, that is what play gives, by the test above."""
    records, actions = episode(with_skips)
    levels = upstream()
    parts = StreamingLabeller(bundle(levels), PROFILE).watch(records, actions, -1)
    streamed = concatenate([part.samples for part in parts])
    ticks = on_the_grid(records[1:], actions[1:])  # the streaming labeller begins with the first input
    offline, offline_weights = levels.conditioning(
        label_episode(Observation(ticks.observations), ticks.actions, PROFILE)
    )
    recorded = np.flatnonzero(~ticks.filled)[: len(streamed)]
    assert ticks.filled.sum() == (sum(SKIPPED.values()) if with_skips else 0)
    assert len(streamed) > 4500
    assert [part.first_index for part in parts] == np.cumsum([0, *(len(part.samples) for part in parts)])[:-1].tolist()
    np.testing.assert_allclose(streamed.conditioning, offline[:, recorded], atol=1e-5, rtol=0)
    np.testing.assert_allclose(streamed.target_probs, offline_weights[:, recorded], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("strategist", "tactician"), [(True, False), (False, True), (False, False)])
def test_without_a_level_training_is_still_as_play(strategist: bool, tactician: bool) -> None:
    labelled, levels = teacher_lessons()[0], upstream(strategist, tactician)
    played, played_weights = in_play(labelled.observation.records, levels)
    conditioning, weights = levels.conditioning(labelled)
    np.testing.assert_allclose(conditioning[0], played, atol=1e-5, rtol=0)
    np.testing.assert_allclose(weights[0], played_weights, atol=1e-5, rtol=0)
    assert (np.abs(conditioning).max() > 0) == (strategist or tactician)


def test_after_a_swap_of_weights_play_goes_on_as_the_new_weights_would_have_conditioned_the_whole_episode() -> None:
    records, actions = episode(True)
    old, new, swap_at = upstream(), upstream(seed=4), 2010
    played, played_weights = in_play(records, old, swap_at, new)
    labelled = label_episode(Observation(records), actions, PROFILE)
    before, before_weights = old.conditioning(labelled)
    after, after_weights = new.conditioning(labelled)
    next_second = swap_at + 20  # both levels have run again by then
    np.testing.assert_allclose(played[:swap_at], before[0, :swap_at], atol=1e-5, rtol=0)
    np.testing.assert_allclose(played_weights[:swap_at], before_weights[0, :swap_at], atol=1e-5, rtol=0)
    np.testing.assert_allclose(played[next_second:], after[0, next_second:], atol=1e-5, rtol=0)
    np.testing.assert_allclose(played_weights[next_second:], after_weights[0, next_second:], atol=1e-5, rtol=0)
    assert np.abs(before - after).max() > 1e-2


def test_a_look_back_of_half_a_window_would_be_noticed() -> None:
    """A control of the tests above: the strategy depends on what lies more than half a window back."""
    labelled, levels = teacher_lessons()[0], upstream(tactician=False)
    assert levels.strategist is not None
    context = torch.from_numpy(labelled.encoded.context[::20])
    with torch.no_grad():
        whole, half = levels.strategist(context[None, 40:100]), levels.strategist(context[None, 70:100])
    assert float((whole.goal[0, -1] - half.goal[0, -1]).abs().max()) > 1e-3


def test_outputs_hold_until_the_next_run_of_their_level() -> None:
    labelled = teacher_lessons()[0]
    conditioning, weights = upstream().conditioning(labelled)
    strategies, tactics = conditioning[0, :, :STRATEGY_WIDTH], conditioning[0, :, STRATEGY_WIDTH:]
    changes = np.flatnonzero((np.diff(strategies, axis=0) != 0).any(axis=1)) + 1
    assert len(changes) > 50 and (changes % 20 == 0).all()
    changes = np.flatnonzero((np.diff(tactics, axis=0) != 0).any(axis=1)) + 1
    assert len(changes) > 200 and (changes % 4 == 0).all()
    empty = labelled.observation.records["tracks"]["id"] == 0
    assert not weights[0][empty].any()


def test_each_mirror_is_the_conditioning_of_the_mirrored_scene() -> None:
    labelled, levels = teacher_lessons()[0], upstream()
    conditioning, weights = levels.conditioning(labelled)
    mirrored = replace(
        labelled,
        encoded=replace(
            labelled.encoded,
            context=labelled.encoded.context * mirror_sign_tables()[0][1],
            tracks=labelled.encoded.tracks * mirror_sign_tables()[1][1],
        ),
    )
    of_mirrored, of_mirrored_weights = levels.conditioning(mirrored)
    np.testing.assert_allclose(conditioning[1], of_mirrored[0], atol=1e-6)
    np.testing.assert_allclose(weights[1], of_mirrored_weights[0], atol=1e-6)
    assert np.abs(conditioning[0] - conditioning[1]).max() > 1e-3


def test_without_levels_above_the_conditioning_is_zero() -> None:
    conditioning, weights = UpstreamPolicies().conditioning(teacher_lessons()[0])
    assert not conditioning.any() and not weights.any()
