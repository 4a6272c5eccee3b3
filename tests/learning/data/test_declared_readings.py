"""What is learnt and inferred depends on what a profile declares, not on the places of its readings."""

from dataclasses import replace

import numpy as np

from tests.support.policy_scenes import PROFILE
from understudy.contract.game.readings import Switch
from understudy.contract.observation import Observation
from understudy.learning.data.hindsight_labels import label_hindsight
from understudy.perception.outcomes.outcome_detector import OutcomeDetector
from understudy.policies.click_semantics import UNDECLARED, geometry_of
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import Encoder
from understudy.worlds.simulator.engine.readings import AMMO, HP, LASER, NUM_AMMO, ROCKET, SHIELD
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

ORDER = [*range(AMMO, AMMO + NUM_AMMO), ROCKET, SHIELD, HP]
OTHER = replace(
    PROFILE,
    gauges=tuple(PROFILE.gauges[place] for place in ORDER),
    switches=(Switch(name="radar"), *PROFILE.switches),
)
"""The same game, declared in another order, with one more switch."""


def play(ticks: int = 600) -> tuple[Observation, np.ndarray]:
    seeds = np.array([5], np.uint64)
    simulator, teacher = Simulator(seeds), Teacher("hunter", PROFILE)
    carry, observations, actions = teacher.start(seeds), [], []
    for _ in range(ticks):
        seen = simulator.observe().copy()
        decision = teacher.decide(seen, carry)
        carry = decision.carry
        simulator.act(decision.action)
        observations.append(seen.records)
        actions.append(decision.action.records.copy())
    simulator.close()
    return Observation(np.concatenate(observations)), np.concatenate(actions)


def reordered(observation: Observation) -> Observation:
    records = observation.records.copy()
    records["player"]["gauges"][:, : len(ORDER)] = observation.records["player"]["gauges"][:, ORDER]
    records["player"]["switches"][:, 0], records["player"]["switches"][:, 1] = (
        1,
        observation.records["player"]["switches"][:, LASER],
    )
    return Observation(records)


def test_features_labels_and_outcomes_are_the_same_whatever_the_order() -> None:
    observation, actions = play()
    other = reordered(observation)
    before, after = Encoder(PROFILE).encode_episode(observation), Encoder(OTHER).encode_episode(other)
    radar = after.context[:, CONTEXT_WIDTH:]
    assert radar.shape[1] == 1 and (radar == 1).all()
    np.testing.assert_array_equal(before.context, after.context[:, :CONTEXT_WIDTH])
    for name in ("tracks", "kinds", "landmarks"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    labels = [
        label_hindsight(seen, actions, geometry_of(profile))
        for seen, profile in ((observation, PROFILE), (other, OTHER))
    ]
    assert (labels[0].modes == labels[1].modes).all()
    assert (labels[0].future_summary == labels[1].future_summary).all()
    found = [
        OutcomeDetector(profile).process_episode(seen) for seen, profile in ((observation, PROFILE), (other, OTHER))
    ]
    assert found[0]["hits"].sum() > 3 and found[0]["damage_taken"].sum() > 0
    assert found[0].tobytes() == found[1].tobytes()


def test_a_game_that_declares_nothing_has_unknown_health_and_no_misses() -> None:
    observation, actions = play(200)
    bare = replace(PROFILE, gauges=(), switches=(), selectors=(), track_gauges=())
    geometry = geometry_of(bare)
    assert (geometry["health"] == UNDECLARED).all() and geometry["switch"] == UNDECLARED
    assert all(np.isfinite(part).all() for part in vars(Encoder(bare).encode_episode(observation)).values())
    assert len(label_hindsight(observation, actions, geometry).modes) == 200
    found = OutcomeDetector(bare).process_episode(observation)
    assert found["misses"].sum() == 0 and found["damage_taken"].sum() == 0
