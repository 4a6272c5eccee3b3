"""Likelihoods are those of the chances that really draw, and unlikeness is a divergence of those."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from tests.support.synthetic_experience import SAMPLING, draw, empty_experience, played_by, small_executor
from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.executor_batch import ExecutorBatch, forward_policy
from understudy.learning.rl.rollout_buffer import RolloutBuffer
from understudy.policies.executor import ExecutorOutput
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.object_features import MINIMAP, SPACE
from understudy.policies.policy_bundle import SamplingConfig

MANY = 40_000


TOGETHER = SamplingConfig(pointer_places="together")
RULES = pytest.mark.parametrize("sampling", [SAMPLING, TOGETHER], ids=["each", "together"])


def of(output: ExecutorOutput, sampling: SamplingConfig = SAMPLING) -> ExecutorDistribution:
    return ExecutorDistribution(output, sampling)


def of_many(said: ExecutorOutput, drawn: np.ndarray) -> ExecutorBatch:
    """Draws as moments, whatever was seen."""
    experience = RolloutBuffer(1, len(drawn))
    experience.sampled[0] = drawn
    return experience.flatten()


def one_tick(seed: int = 0) -> ExecutorOutput:
    """What a small Executor says of one scene, once for each of many worlds."""
    moments = empty_experience(1, 1, seed).flatten()
    with torch.no_grad():
        said = forward_policy(small_executor(seed, start=0.0), moments)
    parts = (part for part in vars(said).values() if part is not None)
    return ExecutorOutput(*(part.expand(MANY, *part.shape[1:]) for part in parts))


PREDICTED = {0: 0.25, MAX_TRACKS: 0.10, MAX_TRACKS + 1: 0.05, MINIMAP: 0.35, SPACE: 0.25}
"""An object, two portals, the free point of the minimap, space."""


@pytest.mark.parametrize(
    ("temperature", "places", "sampled"),
    [
        (0.5, "each", (25, 4, 1, 49, 25)),  # squares of twentieths
        (0.5, "together", (1 / 6, 2 / 15, 1 / 15, 7 / 15, 1 / 6)),  # 1 : 4 : 1, and the four as 10 : 5 : 35
        (1.0, "together", (5, 2, 1, 7, 5)),
    ],
)
def test_places_of_the_map_that_are_tempered_together_keep_their_shares(
    temperature: float, places: str, sampled: tuple[float, ...]
) -> None:
    logits = torch.full((1, SPACE + 1), -math.inf)
    for candidate, probability in PREDICTED.items():
        logits[0, candidate] = math.log(probability) + 3.0  # logits need not be normalised
    said = dataclasses.replace(first_of(one_tick()), pointer_logits=logits)
    sampling = SamplingConfig(pointer_temperature=temperature, pointer_places=places)  # type: ignore[arg-type]
    expected = np.zeros(SPACE + 1)
    expected[list(PREDICTED)] = np.array(sampled) / sum(sampled)
    np.testing.assert_allclose(of(said, sampling).probabilities().pointer[0], expected, atol=1e-6)
    np.testing.assert_allclose(of(said, sampling).target_log_probs.exp().numpy()[0], expected, atol=1e-6)


def test_a_map_without_landmarks_is_sampled_by_one_rule() -> None:
    logits = torch.randn(1, SPACE + 1, generator=torch.Generator().manual_seed(0))
    logits[:, MAX_TRACKS:MINIMAP] = -math.inf
    said = dataclasses.replace(first_of(one_tick()), pointer_logits=logits)
    torch.testing.assert_close(of(said).target_log_probs, of(said, TOGETHER).target_log_probs)


def first_of(output: ExecutorOutput) -> ExecutorOutput:
    return ExecutorOutput(*(part[:1] for part in vars(output).values() if part is not None))


@RULES
def test_things_come_about_as_often_as_their_likelihood_says(sampling: SamplingConfig) -> None:
    said = one_tick()
    drawn = draw(said, np.arange(MANY, dtype=np.uint64) << np.uint64(20), sampling)
    drawn["keys"] &= 1  # the first key alone: with eight of them nearly every draw is one of a kind
    drawn["keys_up"] &= 1
    likelihood = of(said, sampling).log_prob(of_many(said, drawn)).numpy()
    point = drawn["candidate"] >= SPACE - 1
    for candidate in np.unique(drawn["candidate"][~point]):
        for key in (0, 1):
            these = (drawn["candidate"] == candidate) & (drawn["keys"] == key) & (drawn["right"] == 0)
            if these.sum() > 50:
                expected = math.exp(likelihood[these][0])
                assert these.mean() == pytest.approx(expected, abs=5 * math.sqrt(expected / MANY))


def test_the_likelihood_of_points_is_that_of_the_tempered_mixture() -> None:
    """For a single Gaussian the mean log density of its own draws is known: minus its entropy."""
    said = one_tick()
    density = torch.zeros(MANY, 1, 7)
    density[..., 1] = 0.3
    density[..., 3:] = torch.tensor([0.2, 0.1, -0.05, 0.1])  # two vectors that span an area of 0.025
    pointer = torch.full_like(said.pointer_logits, -math.inf)
    pointer[:, SPACE] = 0.0
    sure = ExecutorOutput(
        torch.full((MANY,), 30.0), pointer, torch.full((MANY,), -30.0), density, density, torch.full((MANY, 8), -30.0)
    )
    drawn = draw(sure, np.arange(MANY, dtype=np.uint64) << np.uint64(20))
    likelihood = of(sure).log_prob(of_many(sure, drawn))
    entropy = 1.0 + math.log(2 * math.pi) + math.log(0.025) + math.log(SAMPLING.space_temperature)
    assert float(likelihood.mean()) == pytest.approx(-entropy, abs=0.03)


@RULES
def test_nothing_is_unlike_itself_and_unlikeness_is_what_likelihoods_say(sampling: SamplingConfig) -> None:
    executor, other = small_executor(0), small_executor(0)
    with torch.no_grad():
        for weight in other.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
        experience = played_by(executor, 40, 500, sampling=sampling)
        moments = experience.flatten()
        said, person = forward_policy(executor, moments), forward_policy(other, moments)
        own, other_own = of(said, sampling), of(person, sampling)
        assert float(own.kl(own, moments).abs().max()) < 1e-5
        apart = own.kl(other_own, moments)
        sampled = own.log_prob(moments) - other_own.log_prob(moments)
    assert float(apart.min()) > -1e-6
    chance = float(sampled.std()) / len(moments) ** 0.5
    # of mixtures only a bound from above is known in closed form
    assert float(sampled.mean()) - 4 * chance < float(apart.mean()) < 1.5 * float(sampled.mean()) + 4 * chance


def test_a_busy_hand_decides_nothing_but_its_keys() -> None:
    executor = small_executor()
    experience = played_by(executor, 4, 50)
    experience.sampled["free"], experience.sampled["candidate"], experience.sampled["keys_up"] = 0, -1, 0
    moments = experience.flatten()
    with torch.no_grad():
        said = forward_policy(executor, moments)
        assert float(of(said).log_prob(moments).abs().max()) == 0.0
        assert float(of(said).kl(of(forward_policy(small_executor(1), moments)), moments).abs().max()) == 0.0
