"""A third gauge of health, a second switch and the sixth choice of a selector reach the networks."""

from dataclasses import replace

import numpy as np
import torch

from tests.support.cued_keys import CUED, FUEL, KEYS, cued_play
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.declared.feature_layout import layout_of
from understudy.policies.executor import Executor, ExecutorConfig

CPU = torch.device("cpu")
KNOWN_TO_ALL = replace(CUED, gauges=CUED.gauges[:FUEL], switches=CUED.switches[:1], selectors=())
"""The same game with the readings alone that have a common place."""


def trained(profile: Profile) -> Executor:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    lessons = [label_episode(*cued_play(4000, seed), profile) for seed in (1, 2)]
    hand = fit_motor_model([(each.observation, each.actions, each.labels.gestures) for each in lessons])
    model = Executor(ExecutorConfig(width=16, components=2, layout=layout_of(profile)))
    task = ExecutorTask(lessons, lessons[:1], model, CPU, UpstreamPolicies(), profile, hand)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(300):
        batch = torch.randint(0, task.num_samples, (128,), generator=generator)
        optimiser.zero_grad()
        task.loss(model.train(), batch, generator)[0].backward()
        optimiser.step()
    return model.eval()


@torch.no_grad()
def hazards(model: Executor, labelled: LabelledEpisode) -> np.ndarray:
    """The probability that each key goes down in each tick, shape (T, KEYS)."""
    encoded, ticks = labelled.encoded, len(labelled)
    output = model(
        torch.from_numpy(encoded.context),
        torch.zeros(ticks, CONDITIONING_WIDTH),
        torch.from_numpy(encoded.tracks),
        torch.from_numpy(encoded.kinds),
        torch.zeros(encoded.kinds.shape),
        torch.from_numpy(encoded.landmarks),
    )
    return np.asarray(torch.sigmoid(output.key_logits)[:, :KEYS].numpy(), np.float64)


def surprise(hazard: np.ndarray, pressed: np.ndarray) -> np.ndarray:
    """Negative log likelihood of each key's presses, nats a tick."""
    return np.asarray(-np.where(pressed, np.log(hazard), np.log1p(-hazard)).mean(axis=0))


def test_keys_follow_readings_without_a_common_place_and_beat_the_constant_rate_on_play_never_seen() -> None:
    figures = {}
    for profile in (CUED, KNOWN_TO_ALL):
        unseen = label_episode(*cued_play(4000, seed=9), profile)
        pressed = unseen.key_onsets[:, :KEYS]
        rate = np.broadcast_to(pressed.mean(axis=0), pressed.shape)
        figures[len(profile.gauges)] = surprise(hazards(trained(profile), unseen), pressed) / surprise(rate, pressed)
    assert (figures[FUEL + 1] < 0.6).all(), figures  # 0.38 is what the made-up hand's own hazard has
    assert (figures[FUEL] > 0.85).all(), figures


def test_an_understudy_of_a_game_presses_the_key_that_a_cue_asks_for() -> None:
    model, (observation, _) = trained(CUED), cued_play(400, seed=11)
    records = observation.records.copy()
    records["keys"] = records["button"] = 0
    quiet = records["player"].copy()
    quiet["gauges"][:, FUEL], quiet["switches"], quiet["selectors"] = 0.9, 0, 5
    for key in range(KEYS):
        records["player"] = quiet
        records["player"]["gauges"][200:, FUEL] = 0.15 if key == 0 else 0.9
        records["player"]["switches"][200:, len(CUED.switches) - 1] = key == 1
        records["player"]["selectors"][200:, 0] = 6 if key == 2 else 5
        asked = hazards(model, label_episode(Observation(records), np.zeros_like(cued_play(400, 11)[1]), CUED))
        assert asked[204].argmax() == key and asked[204, key] > 0.15
        assert asked[150].max() < 0.03
