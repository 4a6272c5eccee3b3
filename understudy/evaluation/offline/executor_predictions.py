"""Executor outputs on recorded ticks, and the negative log-likelihood of the recorded actions under them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from understudy.contract.observation import MAX_TRACKS, Role
from understudy.evaluation.offline.head_metrics import EPSILON
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.policies.encoder import Encoded
from understudy.policies.executor_distribution import ExecutorDistribution
from understudy.policies.object_features import MINIMAP, NUM_CANDIDATES
from understudy.policies.policy_bundle import PolicyBundle

_CHUNK = 4096
THINGS = ("enemy", "loot", "other object", "landmark", "minimap", "space")
"""Categories of pointer candidates."""


@dataclass(frozen=True)
class ExecutorPredictions:
    """Executor outputs as probabilities, for T ticks, C pointer candidates and K keys."""

    start: Float[np.ndarray, " T"]
    """Probability that a gesture begins."""
    pointer: Float[np.ndarray, "T C"]
    """Probability of each candidate, if one begins."""
    keys: Float[np.ndarray, "T K"]
    """Probability that each key goes down."""
    minimap: Float[np.ndarray, "T 2"]
    """Mode of the density over the minimap, -1..1."""
    space: Float[np.ndarray, "T 2"]
    """Mode of the density over open space, -1..1."""


class ExecutorPredictor:
    """Runs the networks of one checkpoint on recorded sessions."""

    def __init__(self, policies: PolicyBundle) -> None:
        self.policies = policies
        self._upstream = UpstreamPolicies(policies.strategist, policies.tactician)

    def answers(self, labelled: LabelledEpisode) -> ExecutorPredictions:
        """Returns the Executor's outputs at every tick, conditioned on the slower levels as in play."""
        return predict(self.policies, labelled.encoded, *self._conditioning(labelled))

    def nll(self, labelled: LabelledEpisode, others: list[tuple[Encoded, Int[np.ndarray, " T"]]]) -> list[float]:
        """Returns the negative log-likelihood of gesture onsets and key presses, once for each alternative input.

        Args:
            labelled: the recorded session; its actions are the targets.
            others: alternative encodings, each with the T ticks whose conditioning vectors go with it.

        Returns:
            Nats, summed over the session, one figure for each alternative.
        """
        conditioning, weights = self._conditioning(labelled)
        began, free, up = labelled.gesture_index >= 0, labelled.can_start_gesture, ~labelled.keys_down
        found = []
        for encoded, ticks in others:
            output = predict(self.policies, encoded, conditioning[ticks], weights[ticks])
            starts = np.where(began, output.start, 1 - output.start)[free]
            presses = np.where(labelled.key_onsets, output.keys, 1 - output.keys)[up]
            found.append(float(-np.log(np.clip(np.concatenate([starts, presses]), EPSILON, 1)).sum()))
        return found

    def _conditioning(self, labelled: LabelledEpisode) -> tuple[np.ndarray, np.ndarray]:
        """Returns conditioning vectors and target weights of the slower levels, for the scene that is not mirrored."""
        conditioning, weights = self._upstream.conditioning(labelled)
        return conditioning[0], weights[0]


@torch.inference_mode()
def predict(
    policies: PolicyBundle, encoded: Encoded, advice: Float[np.ndarray, "T A"], weights: Float[np.ndarray, "T N"]
) -> ExecutorPredictions:
    """Runs the Executor on T ticks, in batches of 4096."""
    parts = []
    for begin in range(0, len(advice), _CHUNK):
        ticks = slice(begin, begin + _CHUNK)
        arrays = (encoded.context, advice, encoded.tracks, encoded.kinds, weights, encoded.landmarks)
        output = ExecutorDistribution(policies.executor(*(torch.from_numpy(array[ticks]) for array in arrays)))
        probs, mode = output.probabilities(), output.mode()
        parts.append((probs.start, probs.pointer, probs.keys, mode.minimap.numpy(), mode.space.numpy()))
    return ExecutorPredictions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def candidate_categories(labelled: LabelledEpisode) -> Int[np.ndarray, "T C"]:
    """Returns the index into THINGS of each of the C pointer candidates at each tick."""
    roles = labelled.observation.records["tracks"]["role"]
    out = np.full((len(labelled), NUM_CANDIDATES), THINGS.index("space"), np.int64)
    out[:, :MAX_TRACKS] = np.select([roles == Role.ENEMY, roles == Role.LOOT], [0, 1], 2)
    out[:, MAX_TRACKS:MINIMAP] = THINGS.index("landmark")
    out[:, MINIMAP] = THINGS.index("minimap")
    return out


def thing_probabilities(labelled: LabelledEpisode, pointer: Float[np.ndarray, "T C"]) -> Float[np.ndarray, "T 6"]:
    """Sums the pointer's probabilities over the candidates of each category in THINGS."""
    which = candidate_categories(labelled)
    return np.stack([np.where(which == thing, pointer, 0.0).sum(axis=1) for thing in range(len(THINGS))], axis=1)
