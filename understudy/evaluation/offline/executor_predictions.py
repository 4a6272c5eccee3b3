"""What an Executor says of recorded ticks, and how surprised it is by what was done in them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from understudy.contract.observation import MAX_TRACKS, Role
from understudy.evaluation.offline.head_metrics import EPSILON
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.encoder import Encoded
from understudy.policies.executor import MINIMAP, NUM_CANDIDATES
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.policy_bundle import PolicyBundle

_CHUNK = 4096
THINGS = ("enemy", "loot", "other object", "landmark", "minimap", "space")
"""What a pointer candidate can be."""


@dataclass(frozen=True)
class ExecutorPredictions:
    """Of T ticks."""

    start: Float[np.ndarray, " T"]
    """Probability that a gesture begins."""
    pointer: Float[np.ndarray, "T C"]
    """Probability of each candidate, if one begins."""
    keys: Float[np.ndarray, "T K"]
    """Probability that each key goes down."""
    minimap: Float[np.ndarray, "T 2"]
    """Likeliest point of the minimap, -1..1; and of open space."""
    space: Float[np.ndarray, "T 2"]


class ExecutorPredictor:
    """One understudy that is asked about recorded play."""

    def __init__(self, policies: PolicyBundle) -> None:
        self.policies = policies
        self._upstream = UpstreamPolicies(policies.strategist, policies.tactician)

    def answers(self, labelled: LabelledEpisode) -> ExecutorPredictions:
        """What its Executor says at every tick, advised as in play."""
        return predict(self.policies, labelled.encoded, *self._advice(labelled))

    def nll(self, labelled: LabelledEpisode, others: list[tuple[Encoded, Int[np.ndarray, " T"]]]) -> list[float]:
        """Nats of whether gestures began and keys went down, for each set of numbers in place of the lesson's own.

        Args:
            labelled: what was done.
            others: what the Executor is shown, and of which ticks it hears the advice.
        """
        advice, weights = self._advice(labelled)
        began, free, up = labelled.gesture_index >= 0, labelled.can_start_gesture, ~labelled.keys_down
        found = []
        for encoded, ticks in others:
            said = predict(self.policies, encoded, advice[ticks], weights[ticks])
            starts = np.where(began, said.start, 1 - said.start)[free]
            presses = np.where(labelled.key_onsets, said.keys, 1 - said.keys)[up]
            found.append(float(-np.log(np.clip(np.concatenate([starts, presses]), EPSILON, 1)).sum()))
        return found

    def _advice(self, labelled: LabelledEpisode) -> tuple[np.ndarray, np.ndarray]:
        """What the slower levels say, the scene as it is (not mirrored)."""
        advice, weights = self._upstream.conditioning(labelled)
        return advice[0], weights[0]


@torch.inference_mode()
def predict(
    policies: PolicyBundle, encoded: Encoded, advice: Float[np.ndarray, "T A"], weights: Float[np.ndarray, "T N"]
) -> ExecutorPredictions:
    """What the Executor says of T ticks, in batches."""
    parts = []
    for begin in range(0, len(advice), _CHUNK):
        ticks = slice(begin, begin + _CHUNK)
        arrays = (encoded.context, advice, encoded.tracks, encoded.kinds, weights, encoded.landmarks)
        said = ExecutorDistribution(policies.executor(*(torch.from_numpy(array[ticks]) for array in arrays)))
        probs, mode = said.probabilities(), said.mode()
        parts.append((probs.start, probs.pointer, probs.keys, mode.minimap.numpy(), mode.space.numpy()))
    return ExecutorPredictions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def candidate_categories(labelled: LabelledEpisode) -> Int[np.ndarray, "T C"]:
    """Index into THINGS of each pointer candidate at each tick."""
    roles = labelled.observation.records["tracks"]["role"]
    out = np.full((len(labelled), NUM_CANDIDATES), THINGS.index("space"), np.int64)
    out[:, :MAX_TRACKS] = np.select([roles == Role.ENEMY, roles == Role.LOOT], [0, 1], 2)
    out[:, MAX_TRACKS:MINIMAP] = THINGS.index("landmark")
    out[:, MINIMAP] = THINGS.index("minimap")
    return out


def thing_probabilities(labelled: LabelledEpisode, pointer: Float[np.ndarray, "T C"]) -> Float[np.ndarray, "T 6"]:
    """The pointer's probabilities added up by what the candidates are."""
    which = candidate_categories(labelled)
    return np.stack([np.where(which == thing, pointer, 0.0).sum(axis=1) for thing in range(len(THINGS))], axis=1)
