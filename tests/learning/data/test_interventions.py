"""Sessions that a person and a policy shared: short takeovers are learnt from, the policy's play is only looked at."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.teacher_play import PROFILE, teacher_play
from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.learning.data.dataset import gather
from understudy.learning.data.executor_batch import samples_of
from understudy.learning.data.interventions import AFTER_TICKS, is_shared, prepare_shared, taught_stretches
from understudy.learning.data.labelled_episode import prepare
from understudy.learning.data.upstream_conditioning import Upstream
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
    assert is_shared(still) and not is_shared(episodes()[0])
    found = taught_stretches(still)
    assert len(found) == 3
    assert found[0][0] == 300 and 370 + AFTER_TICKS < found[0][1] <= 379 + AFTER_TICKS
    assert found[1:] == [(900, 1000), (1500, 1700)], "busy to the end"


def test_what_the_policy_did_is_not_taught_and_the_encoding_is_that_of_the_whole_session(shared: Episode) -> None:
    lesson = prepare_shared(shared, PROFILE)
    whole = prepare(shared.observation, shared.actions, PROFILE)
    assert lesson.encoded.context.tobytes() == whole.encoded.context.tobytes()
    inside = np.zeros(len(shared), bool)
    for begin, end in taught_stretches(shared):
        inside[begin:end] = True
    assert lesson.taught is not None and (lesson.taught == inside).all()
    assert (lesson.starts[~inside] < 0).all() and not lesson.key_onsets[~inside].any()
    started = np.flatnonzero(lesson.starts >= 0)
    assert len(started) > 3
    known = np.flatnonzero(whole.starts >= 0)
    own = [tick for tick in started if tick not in known]
    assert all(any(begin < tick <= begin + 2 for begin, _ in TAKEOVERS) for tick in own), "begun by the policy's hand"


def test_every_policy_learns_from_the_taught_ticks_alone(shared: Episode) -> None:
    lesson, upstream = prepare_shared(shared, PROFILE), Upstream()
    assert lesson.taught is not None
    num_taught = int(lesson.taught.sum())
    samples = samples_of([lesson, lesson], [upstream.advice(lesson)] * 2, CPU)
    assert len(samples) == 2 * num_taught
    assert int(samples.starts.sum()) == 2 * int((lesson.starts >= 0).sum())
    tactician = TacticianTask([lesson], [lesson], Tactician(TacticianConfig(width=16)), CPU, upstream)
    assert tactician.num_samples == num_taught // 4
    model = Strategist(StrategistConfig(width=16, layers=1, heads=2))
    garbled = dataclasses.replace(lesson, hindsight=dataclasses.replace(lesson.hindsight))
    losses = []
    garbled.hindsight.modes[~lesson.taught] = 0
    for each in (prepare_shared(shared, PROFILE), garbled):
        task = StrategistTask([each], [each], model.eval(), CPU)
        losses.append(task.loss(model, torch.arange(3), torch.Generator())[0].item())
    assert losses[0] == losses[1] and np.isfinite(losses[0])


def test_gathering_adds_them_to_the_training_part(shared: Episode, tmp_path: Path) -> None:
    for number, episode in enumerate(episodes()):
        write_episode(episode, tmp_path / f"{number}.mcap")
    before = gather(tmp_path)
    write_episode(shared, tmp_path / "shared.mcap")
    after = gather(tmp_path)
    assert len(after.train) == len(before.train) + 1 and len(after.held_out) == len(before.held_out)
    added = after.train[-1]
    assert added.taught is not None and added.taught.sum() > 10 * TICK_RATE_HZ
    assert after.data_hash != before.data_hash
