"""Sessions that a person and a policy shared: short takeovers are learnt from, the policy's play is only looked at."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.teacher_play import PROFILE, teacher_play
from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.dataset import load_dataset
from understudy.learning.data.executor_batch import build_batch
from understudy.learning.data.interventions import (
    AFTER_TICKS,
    has_interventions,
    intervention_segments,
    label_shared_episode,
)
from understudy.learning.data.labelled_episode import label_episode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.strategist_task import StrategistTask
from understudy.learning.supervised.tactician_task import TacticianTask
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode

CPU = torch.device("cpu")
TAKEOVERS = ((300, 420), (900, 1000), (1500, 1700))


def episodes() -> list[Episode]:
    """A teacher's play."""
    return [
        Episode(
            info=describe(PROFILE, pilot="teacher:hunter"),
            observations=play.observation.records,
            actions=play.actions,
            actors=np.full(len(play.actions), Actor.TEACHER, np.int8),
        )
        for play in teacher_play()
    ]


@pytest.fixture(scope="module")
def shared() -> Episode:
    """A teacher's play of which a person is said to have played some seconds, and a policy the rest."""
    episode = episodes()[0]
    actors = np.full(len(episode), Actor.POLICY, np.int8)
    for begin, end in TAKEOVERS:
        actors[begin:end] = Actor.PERSON
    return dataclasses.replace(episode, actors=actors)


def test_takeovers_are_found_without_the_wait_for_being_relieved(shared: Episode) -> None:
    still = dataclasses.replace(shared, actions=shared.actions.copy(), actors=shared.actors.copy())
    still.actions[380:420] = still.actions[379]
    still.actions["button"][380:420], still.actions["keys"][380:420] = 0, 0
    still.actors[600:610] = Actor.PERSON  # half a second: no correction
    assert has_interventions(still) and not has_interventions(episodes()[0])
    found = intervention_segments(still)
    assert len(found) == 3
    assert found[0][0] == 300 and 370 + AFTER_TICKS < found[0][1] <= 379 + AFTER_TICKS
    assert found[1:] == [(900, 1000), (1500, 1700)], "busy to the end"


def test_what_the_policy_did_is_not_taught_and_the_encoding_is_that_of_the_whole_session(shared: Episode) -> None:
    labelled = label_shared_episode(shared, PROFILE)
    whole = label_episode(shared.observation, shared.actions, PROFILE)
    assert labelled.encoded.context.tobytes() == whole.encoded.context.tobytes()
    inside = np.zeros(len(shared), bool)
    for begin, end in intervention_segments(shared):
        inside[begin:end] = True
    assert labelled.train_mask is not None and (labelled.train_mask == inside).all()
    assert (labelled.gesture_index[~inside] < 0).all() and not labelled.key_onsets[~inside].any()
    started = np.flatnonzero(labelled.gesture_index >= 0)
    assert len(started) > 3
    known = np.flatnonzero(whole.gesture_index >= 0)
    own = [tick for tick in started if tick not in known]
    assert all(any(begin < tick <= begin + 2 for begin, _ in TAKEOVERS) for tick in own), "begun by the policy's hand"


def test_every_policy_learns_from_the_taught_ticks_alone(shared: Episode) -> None:
    labelled, upstream = label_shared_episode(shared, PROFILE), UpstreamPolicies()
    assert labelled.train_mask is not None
    num_taught = int(labelled.train_mask.sum())
    samples = build_batch([labelled, labelled], [upstream.conditioning(labelled)] * 2, CPU)
    assert len(samples) == 2 * num_taught
    assert int(samples.started.sum()) == 2 * int((labelled.gesture_index >= 0).sum())
    tactician = TacticianTask([labelled], [labelled], Tactician(TacticianConfig(width=16)), CPU, upstream)
    assert tactician.num_samples == num_taught // 4
    model = Strategist(StrategistConfig(width=16, layers=1, heads=2))
    garbled = dataclasses.replace(labelled, labels=dataclasses.replace(labelled.labels))
    losses = []
    garbled.labels.modes[~labelled.train_mask] = 0
    for each in (label_shared_episode(shared, PROFILE), garbled):
        task = StrategistTask([each], [each], model.eval(), CPU)
        losses.append(task.loss(model, torch.arange(3), torch.Generator())[0].item())
    assert losses[0] == losses[1] and np.isfinite(losses[0])


def test_gathering_adds_them_to_the_training_part(shared: Episode, tmp_path: Path) -> None:
    for number, episode in enumerate(episodes()):
        write_episode(episode, tmp_path / f"{number}.mcap")
    before = load_dataset(tmp_path)
    write_episode(shared, tmp_path / "shared.mcap")
    after = load_dataset(tmp_path)
    assert len(after.train) == len(before.train) + 1 and len(after.validation) == len(before.validation)
    added = after.train[-1]
    assert added.train_mask is not None and added.train_mask.sum() > 10 * TICK_RATE_HZ
    assert after.data_hash != before.data_hash
