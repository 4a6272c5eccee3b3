"""Learning in the shadow, without processes: ticks become samples, samples are scored, learnt from and judged."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from tests.support.missed_ticks import in_bursts, kept_at_random, missed_by_a_busy_machine, recording_of
from tests.support.small_policies import write_brain
from tests.support.teacher_play import PROFILE, teacher_play
from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.protocols import InputEvent
from understudy.learning.data.executor_batch import build_batch, concatenate
from understudy.learning.data.labelled_episode import label_episode
from understudy.learning.data.replay_buffer import ReplayBuffer
from understudy.learning.data.streaming_labeller import AWAY_TICKS, StreamingLabeller
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.shadow.acceptance import MAX_AGREEMENT_LOSS, accept_candidate
from understudy.learning.shadow.agreement import Agreement
from understudy.learning.shadow.learner import CYCLE_TICKS, RehearsalData, ShadowLearner, split_of
from understudy.learning.shadow.messages import AgreementScore, Disagreements, ShadowSettings
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.policies.style_heads import base_style


@pytest.fixture(scope="session")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicyBundle:
    return load_policies(write_brain(tmp_path_factory.mktemp("brain")))


@cache
def played(number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two minutes of a teacher at 20 ticks a second."""
    play = teacher_play()[number]
    records = play.observation.records.copy()
    records["time_s"] = 1000.0 + np.arange(len(records)) / TICK_RATE_HZ
    return records, play.actions


def test_ticks_fed_in_pieces_become_the_samples_of_the_whole_session(policies: PolicyBundle) -> None:
    records, actions = played()
    onlooker = StreamingLabeller(policies, PROFILE)
    watched = [
        part for at in range(0, 2400, 7) for part in onlooker.watch(records[at : at + 7], actions[at : at + 7], at)
    ]
    first, found = watched[0].first_index, concatenate([part.samples for part in watched])
    assert [part.first_index for part in watched] == [first + 60 * number for number in range(len(watched))]
    assert len(found) > 2100

    whole = slice(first, first + len(found))
    labelled = label_episode(teacher_play()[0].observation[first:], actions[first:], PROFILE)
    upstream = UpstreamPolicies(policies.strategist, policies.tactician)
    expected = build_batch([labelled], [upstream.conditioning(labelled)], torch.device("cpu")).index(
        slice(0, len(found))
    )
    assert whole.stop <= 2400
    torch.testing.assert_close(found.context, expected.context)
    torch.testing.assert_close(found.tracks, expected.tracks)
    assert torch.equal(found.started, expected.started)
    assert torch.equal(found.target, expected.target)
    assert torch.equal(found.keys, expected.keys)
    torch.testing.assert_close(found.conditioning, expected.conditioning, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.target_probs, expected.target_probs, atol=1e-5, rtol=0)


def heard_of(records: np.ndarray, actions: np.ndarray) -> list[InputEvent]:
    """Raw events of a hand that does what the actions say, each 20 ms into its tick; the button goes down at 30 ms."""
    events, last = [], actions[0]
    for time_s, now in zip(records["time_s"][1:].tolist(), actions[1:], strict=True):
        x, y = float(now["cursor_x"]), float(now["cursor_y"])
        if (now["cursor_x"], now["cursor_y"]) != (last["cursor_x"], last["cursor_y"]):
            events.append(InputEvent(time_s + 0.02, "move", "", x, y))
        if (now["button"] != 0) != (last["button"] != 0):
            kind = "press" if now["button"] else "release"
            events.append(InputEvent(time_s + 0.03, kind, "left", x, y))
        last = now
    return events


def test_with_raw_events_presses_and_motions_are_theirs_as_in_training(policies: PolicyBundle) -> None:
    records, actions = played()
    events = heard_of(records, actions)
    coarse = actions.copy()
    coarse["button"] = 0  # presses that begin and end within a tick, which no action shows
    labeller, watched = StreamingLabeller(policies, PROFILE), []
    for at in range(0, 2400, 10):
        times = records["time_s"][at : at + 10]
        block = [event for event in events if times[0] - 0.05 <= event.time_s < times[-1]]
        watched += labeller.watch(records[at : at + 10], coarse[at : at + 10], at, block)
    first, found = watched[0].first_index, concatenate([part.samples for part in watched])
    observation = Observation(records[first:])
    expected = label_episode(observation, coarse[first:], PROFILE, events)
    span = slice(0, len(found))
    assert int(found.started.sum()) > 50
    same = found.started.numpy() == (expected.gesture_index[span] >= 0)
    assert same.mean() > 0.999, "a press at the edge of what is seen may have its motion cut"
    assert (found.target.numpy()[same] == expected.targets[span][same]).mean() > 0.999
    blind = StreamingLabeller(policies, PROFILE).watch(records, coarse, 0)
    assert not any(part.samples.started.any() for part in blind)


def test_presses_in_missed_ticks_are_dated_by_raw_events(policies: PolicyBundle) -> None:
    records, actions = played()
    events, kept = heard_of(records, actions), in_bursts(2400)
    missed = missed_by_a_busy_machine(recording_of(teacher_play()[0]), kept)
    shift = float(records["time_s"][0] - missed.observations["time_s"][0])
    shifted = [InputEvent(event.time_s - shift, event.kind, event.code, event.x, event.y) for event in events]
    found = StreamingLabeller(policies, PROFILE).watch(missed.observations, missed.actions, 0, shifted)
    whole = StreamingLabeller(policies, PROFILE).watch(records, actions, 0, events)
    starts = [
        np.concatenate([part.time_s[part.samples.started.numpy() > 0] for part in parts]) for parts in (found, whole)
    ]
    assert len(starts[0]) > 20
    assert np.abs(starts[0][:, None] + shift - starts[1][None]).min(axis=1).max() < 0.06, "none begins at another time"


def test_a_tick_is_a_sample_only_when_its_future_is_known(policies: PolicyBundle) -> None:
    records, actions = played()
    onlooker = StreamingLabeller(policies, PROFILE)
    assert onlooker.watch(records[:100], actions[:100], 0) == []
    assert len(onlooker.watch(records[100:160], actions[100:160], 100)) == 1


def test_who_touches_nothing_teaches_nothing(policies: PolicyBundle) -> None:
    records, actions = played()
    still = actions.copy()
    still["button"] = still["keys"] = 0
    still["cursor_x"] = still["cursor_y"] = 0.5
    assert StreamingLabeller(policies, PROFILE).watch(records, still, 0) == []
    away = actions.copy()
    away[1200:] = still[1200:]
    found = StreamingLabeller(policies, PROFILE).watch(records, away, 0)
    assert found[-1].first_index < 1200 + AWAY_TICKS


@pytest.mark.parametrize("pattern", [kept_at_random, in_bursts])
def test_missed_ticks_are_bridged_and_are_no_samples(
    policies: PolicyBundle, pattern: Callable[[int], np.ndarray]
) -> None:
    episode, kept = recording_of(teacher_play()[0]), pattern(2400)
    missed = missed_by_a_busy_machine(episode, kept)
    whole = concatenate([part.samples for part in StreamingLabeller(policies, PROFILE).watch(*played(), 0)])
    found = StreamingLabeller(policies, PROFILE).watch(missed.observations, missed.actions, 0)
    samples, times_s = concatenate([part.samples for part in found]), np.concatenate([part.time_s for part in found])
    assert len(samples) == len(times_s) and np.isin(times_s, missed.observations["time_s"]).all()
    assert len(samples) == pytest.approx(kept.mean() * len(whole), rel=0.1)
    for name in ("started", "can_start_gesture"):
        rate, expected = (float(getattr(each, name).float().mean()) for each in (samples, whole))
        assert rate == pytest.approx(expected, rel=0.25), name


def test_a_break_in_time_breaks_the_history(policies: PolicyBundle) -> None:
    records, actions = played()
    broken = records.copy()
    broken["time_s"][600:] += 30.0
    found = StreamingLabeller(policies, PROFILE).watch(broken, actions, 0)
    indices = [part.first_index for part in found]
    assert 600 in indices
    assert max(index for index in indices if index < 600) + 60 <= 600


def test_the_buffer_keeps_what_begins_and_a_sixth_of_the_rest_and_only_the_newest(policies: PolicyBundle) -> None:
    records, actions = played()
    parts = StreamingLabeller(policies, PROFILE).watch(records, actions, 0)
    everything = ReplayBuffer(None, torch.Generator().manual_seed(0))
    small = ReplayBuffer(100, torch.Generator().manual_seed(0))
    for part in parts:
        everything.add(part.samples)
        small.add(part.samples)
    ticks, begun = sum(len(part.samples) for part in parts), sum(int(part.samples.has_onset.sum()) for part in parts)
    samples, weight = everything.all()
    assert int(samples.has_onset.sum()) == begun
    assert float(weight.sum()) == pytest.approx(ticks, rel=0.02)
    newest, _ = small.all()
    assert len(newest) == len(small) == 100
    assert torch.equal(newest.context, samples.context[-100:])
    assert int(small.sample_indices(1000).max()) < 100


def settled(policies: PolicyBundle, **changed: float) -> ShadowLearner:
    settings = {"learning_rate": 3e-3, "update_interval": 3.0, "steps_per_update": 4, **changed}
    return ShadowLearner(policies, PROFILE, ShadowSettings(**settings))  # type: ignore[arg-type]


def test_the_earlier_manner_is_rehearsed_by_its_own_answers(policies: PolicyBundle) -> None:
    records, actions = played()
    pool = ReplayBuffer(None, torch.Generator().manual_seed(0))
    for part in StreamingLabeller(policies, PROFILE).watch(*played(1), 0):
        pool.add(part.samples)
    base, _ = pool.all()
    torch.manual_seed(0)
    settings = ShadowSettings(learning_rate=3e-3, ema_decay=0.0, steps_per_update=20)
    learner = ShadowLearner(policies, PROFILE, settings, RehearsalData(pool=pool, held_out=base))
    learner.add_block(records, actions, 0)
    for number in range(3):
        learner.update(10.0 * number)
    learner.model.eval()

    def likelihood(model: torch.nn.Module) -> float:
        return float(learner.agreement(model, base).likelihood.mean())

    at_first = likelihood(learner.initial_policy)
    assert abs(likelihood(base_style(learner.model)) - at_first) < 0.5 * abs(likelihood(learner.model) - at_first)


def test_updates_come_every_three_seconds_from_32_samples_on_and_the_score_rises(policies: PolicyBundle) -> None:
    torch.manual_seed(0)
    learner, updates, scores = settled(policies), [], []
    for number in range(3):
        records, actions = played(number)
        for at in range(0, 2400, 10):
            tick = number * 2400 + at
            now_s = tick / TICK_RATE_HZ
            block = records[at : at + 10].copy()
            block["time_s"] = now_s + np.arange(10) / TICK_RATE_HZ
            reports = learner.add_block(block, actions[at : at + 10], tick)
            scores += [report for report in reports if isinstance(report, AgreementScore)]
            due = learner.due_s(now_s)
            assert (due is None) == (len(learner.buffer) < 32)
            if due == 0.0:
                updates.append((now_s, learner.update(now_s)))
    moments = np.array([now_s for now_s, _ in updates])
    assert 5 < moments[0] < 30
    np.testing.assert_allclose(np.diff(moments), 3.0, atol=0.51)
    first, last = updates[0][1], updates[-1][1]
    assert [update.number for _, update in updates] == list(range(1, len(updates) + 1))
    assert first.learning_rate < 1e-3 < updates[20][1].learning_rate
    assert last.loss < first.loss
    assert last.click_accuracy > first.click_accuracy
    assert last.position_error < first.position_error
    assert scores[-1].agreement > scores[-1].initial_agreement + 0.1, "it learnt, and what it began with did not"
    verdict = learner.evaluate_candidate()
    assert verdict.numbers["likelihood_gain_sure"] > 0


def test_moments_of_disagreement_are_named(policies: PolicyBundle) -> None:
    records, actions = played()
    learner = settled(policies)
    reports = learner.add_block(records, actions, 0)
    moments = [time_s for report in reports if isinstance(report, Disagreements) for time_s in report.times_s]
    clicks = sum(len(report.times_s) for report in reports if isinstance(report, Disagreements))
    assert len(moments) == clicks > 5
    assert moments == sorted(moments)
    assert set(moments) <= set(records["time_s"].tolist())


def test_the_last_minute_of_every_four_is_held_out_with_a_gap_around_it() -> None:
    uses = [split_of(index) for index in range(0, 2 * CYCLE_TICKS, TICK_RATE_HZ)]
    assert uses[0] == "learn" and uses[174] == "learn"
    assert set(uses[175:185]) == {"neither"}
    assert set(uses[185:235]) == {"hold out"}
    assert set(uses[235:245]) == {"neither"} and uses[245] == "learn"


def likely(same: float, likelihood: float, clicks: int = 100) -> Agreement:
    noise = np.random.default_rng(3).normal(0, 0.01, 6000)
    hits = np.arange(clicks) < round(same * clicks)
    return Agreement(hits, np.arange(clicks), (likelihood + noise).astype(np.float32))


def test_only_a_better_candidate_that_has_lost_nothing_may_play() -> None:
    old, base = likely(0.60, -0.30), likely(0.80, -0.2)
    assert accept_candidate(likely(0.66, -0.28), old, base, base).promote
    assert accept_candidate(likely(0.66, -0.28), old, None, None).promote
    assert not accept_candidate(likely(0.66, -0.31), old, base, base).promote, "less likely"
    assert not accept_candidate(likely(0.50, -0.28), old, base, base).promote, "fewer clicks agree"
    worse = likely(0.80 - MAX_AGREEMENT_LOSS - 0.03, -0.2)
    refused = accept_candidate(likely(0.66, -0.28), old, worse, base)
    assert not refused.promote and "base" in refused.reason
    few = accept_candidate(likely(0.9, -0.1, clicks=5), likely(0.1, -0.9, clicks=5), None, None)
    assert not few.promote and "5 clicks" in few.reason


def test_no_held_out_play_is_no_verdict(policies: PolicyBundle) -> None:
    verdict = settled(policies).evaluate_candidate()
    assert not verdict.promote
    assert math.isnan(verdict.numbers["agreement"])
