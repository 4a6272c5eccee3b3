"""The conditioning of an Executor in training is the conditioning in play, at every tick of whole episodes."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch

from tests.support.missed_ticks import in_bursts, kept_at_random, missed_by_a_busy_machine, recording_of
from tests.support.teacher_play import PROFILE, teacher_lessons, teacher_play
from understudy.contract.action import Action, Actor
from understudy.contract.observation import Observation
from understudy.learning.data.dataset import contiguous_segments
from understudy.learning.data.executor_batch import concatenate
from understudy.learning.data.labelled_episode import label_stretch, mirror_sign_tables
from understudy.learning.data.streaming_labeller import StreamingLabeller
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.conditioning import STRATEGY_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.sampling import ExecutorStep
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy

NUM_TICKS = 4800
"""Four minutes: four windows of the Strategist."""
LONG_GAP = slice(2600, 2613)
"""Ticks of a gap that is too long to be bridged."""


def few(ticks: int) -> np.ndarray:
    """Three gaps; the first hides the beginning of second 60 - 1."""
    kept = np.ones(ticks, bool)
    kept[[1195, 1196, 1197, 1198, 1700, 3001, 3002]] = False
    return kept


def none(ticks: int) -> np.ndarray:
    return np.ones(ticks, bool)


PATTERNS = {"none": none, "few": few, "at random": kept_at_random, "in bursts": in_bursts}


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
def from_before_the_first_input(pattern: str, long_gap: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Observations and actions of a teacher on a busy machine, as records; labels begin with the second of them."""
    whole = recording_of(teacher_play("hunter", 1, NUM_TICKS, 10)[0])
    kept = PATTERNS[pattern](NUM_TICKS)
    if long_gap:
        kept[LONG_GAP] = False
        kept[[LONG_GAP.start - 1, LONG_GAP.stop]] = True
    play = missed_by_a_busy_machine(whole, kept)
    labeller = StreamingLabeller(bundle(upstream()), PROFILE)
    first = labeller.watch(play.observations, play.actions, 0)[0].first_index
    return play.observations[first - 1 :], play.actions[first - 1 :]


def episode(pattern: str = "none", long_gap: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Observations and actions of a teacher on a busy machine, as records, from the first input."""
    records, actions = from_before_the_first_input(pattern, long_gap)
    return records[1:], actions[1:]


@dataclass(frozen=True)
class History:
    """What the Executor reads at each of R recorded ticks."""

    context: np.ndarray
    tracks: np.ndarray
    conditioning: np.ndarray
    target_probs: np.ndarray

    def expect(self, other: "History", atol: float = 1e-5) -> None:
        for one, two in zip(vars(self).values(), vars(other).values(), strict=True):
            np.testing.assert_allclose(one, two, atol=atol, rtol=0)

    def __getitem__(self, rows: slice | np.ndarray) -> "History":
        return History(*(part[rows] for part in vars(self).values()))


def joined(parts: list[History]) -> History:
    return History(*(np.concatenate(each) for each in zip(*(vars(part).values() for part in parts), strict=True)))


def in_play(
    records: np.ndarray,
    actions: np.ndarray,
    levels: UpstreamPolicies,
    swap_at: int = -1,
    swapped_to: UpstreamPolicies | None = None,
) -> History:
    """Of a policy that plays on recorded observations, while somebody else acts."""
    pilot = HierarchicalPolicy(bundle(levels), PROFILE)
    carry = pilot.start(np.zeros(1, np.uint64))
    steps = []
    for tick in range(len(records)):
        if tick == swap_at and swapped_to is not None:
            pilot.swap(bundle(swapped_to), carry)
        decision = pilot.decide(Observation(records[tick : tick + 1]), carry)
        carry, step = decision.carry, decision.rollout_step
        pilot.set_done(carry, Action(actions[tick : tick + 1]))
        assert isinstance(step, ExecutorStep)
        steps.append(History(step.context, step.tracks, step.conditioning, step.target_probs))
    return joined(steps)


def offline(records: np.ndarray, actions: np.ndarray, levels: UpstreamPolicies) -> History:
    """Of the recorded ticks of labels, on the grid of unbroken stretches; without mirrors."""
    whole = recording_of(teacher_play("hunter", 1, NUM_TICKS, 10)[0])
    actors = np.full(len(actions), Actor.TEACHER, np.int8)
    parts = []
    for stretch in contiguous_segments(replace(whole, observations=records, actions=actions, actors=actors)):
        labelled = label_stretch(stretch, PROFILE)
        conditioning, weights = levels.conditioning(labelled)
        encoded = labelled.encoded
        parts.append(History(encoded.context, encoded.tracks, conditioning[0], weights[0])[labelled.taught_ticks])
    return joined(parts)


def streamed(pattern: str, levels: UpstreamPolicies) -> History:
    """Of the streaming labeller's samples, without mirrors."""
    parts = StreamingLabeller(bundle(levels), PROFILE).watch(*from_before_the_first_input(pattern), -1)
    assert [part.first_index for part in parts] == np.cumsum([0, *(len(part.samples) for part in parts)])[:-1].tolist()
    samples = concatenate([part.samples for part in parts])
    return History(
        *(part.numpy() for part in (samples.context, samples.tracks, samples.conditioning[0], samples.target_probs[0]))
    )


@cache
def played_on(pattern: str, long_gap: bool = False) -> History:
    return in_play(*episode(pattern, long_gap), upstream())


@pytest.mark.parametrize(("pattern", "long_gap"), [*((name, False) for name in PATTERNS), ("in bursts", True)])
def test_play_and_offline_labels_give_the_same_history_at_every_tick(pattern: str, long_gap: bool) -> None:
    records, actions = episode(pattern, long_gap)
    levels = upstream()
    played = played_on(pattern, long_gap)
    assert np.abs(np.diff(played.conditioning, axis=0)).max() > 1e-2 and played.target_probs.max() > 1e-2
    offline(records, actions, levels).expect(played)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_streaming_labels_give_the_same_history_as_play_at_every_tick(pattern: str) -> None:
    labels = streamed(pattern, upstream())
    assert len(labels.context) > len(episode(pattern)[0]) - 300
    played_on(pattern)[: len(labels.context)].expect(labels)


def test_a_history_without_the_missed_ticks_would_be_noticed() -> None:
    """A control of the tests above."""
    records, actions = episode("in bursts")
    stale = records.copy()
    stale["time_s"] = 0.05 * np.arange(len(records))
    levels = upstream()
    with pytest.raises(AssertionError):
        in_play(stale[:1000], actions[:1000], levels).expect(played_on("in bursts")[:1000], atol=1e-2)


def test_an_action_that_was_not_the_policys_own_is_what_the_gap_after_it_is_filled_with() -> None:
    records, actions = episode("in bursts")
    levels = upstream()
    others = actions.copy()
    others["button"] = 0
    with pytest.raises(AssertionError):
        in_play(records[:1000], others[:1000], levels).expect(played_on("in bursts")[:1000])


@pytest.mark.parametrize(("strategist", "tactician"), [(True, False), (False, True), (False, False)])
def test_without_a_level_training_is_still_as_play(strategist: bool, tactician: bool) -> None:
    labelled, levels = teacher_lessons()[0], upstream(strategist, tactician)
    played = in_play(labelled.observation.records, labelled.actions, levels)
    conditioning, weights = levels.conditioning(labelled)
    np.testing.assert_allclose(conditioning[0], played.conditioning, atol=1e-5, rtol=0)
    np.testing.assert_allclose(weights[0], played.target_probs, atol=1e-5, rtol=0)
    assert (np.abs(conditioning).max() > 0) == (strategist or tactician)


def test_after_a_swap_of_weights_play_goes_on_as_the_new_weights_would_have_conditioned_the_whole_episode() -> None:
    records, actions = episode("few")
    old, new, swap_at = upstream(), upstream(seed=4), 2010
    played = in_play(records, actions, old, swap_at, new)
    before, after = offline(records, actions, old), offline(records, actions, new)
    next_second = swap_at + 20  # both levels have run again by then
    before[:swap_at].expect(played[:swap_at])
    after[next_second:].expect(played[next_second:])
    assert np.abs(before.conditioning - after.conditioning).max() > 1e-2


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
            context=labelled.encoded.context * mirror_sign_tables(CONTEXT_WIDTH)[0][1],
            tracks=labelled.encoded.tracks * mirror_sign_tables(CONTEXT_WIDTH)[1][1],
        ),
    )
    of_mirrored, of_mirrored_weights = levels.conditioning(mirrored)
    np.testing.assert_allclose(conditioning[1], of_mirrored[0], atol=1e-6)
    np.testing.assert_allclose(weights[1], of_mirrored_weights[0], atol=1e-6)
    assert np.abs(conditioning[0] - conditioning[1]).max() > 1e-3


def test_without_levels_above_the_conditioning_is_zero() -> None:
    conditioning, weights = UpstreamPolicies().conditioning(teacher_lessons()[0])
    assert not conditioning.any() and not weights.any()
