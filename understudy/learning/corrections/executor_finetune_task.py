"""The training task that adapts the Executor to its corrected Strategist, whose modes have changed.

It continues from its own weights on two kinds of ticks: base recordings conditioned on the new Strategist, without the
seconds that the reviewer disputes, and augmented segments, whose conditioning is moved towards their mode.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch.nn import functional

from understudy.contract.intent import NUM_MODES
from understudy.contract.profile import Profile
from understudy.learning.corrections.state_augmentation import AugmentedSegment
from understudy.learning.data.executor_batch import build_batch, concatenate
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.policies.executor import Executor

TARGET_MODE_WEIGHT = 0.8
"""Share by which mode probabilities of an augmented segment are moved towards the mode in which it was played."""

OVERSAMPLING = 3
"""Copies of each tick of an augmented segment, because they are few beside an hour of recordings."""


@dataclass(frozen=True)
class TargetModeUpstream(UpstreamPolicies):
    """Upstream policies whose mode probabilities are moved towards the labelled mode of a segment."""

    def strategist_outputs(self, labelled: LabelledEpisode) -> Float32[np.ndarray, "4 T S"]:
        """Returns the mode probabilities, moved to the labelled mode, and the goal."""
        outputs = super().strategist_outputs(labelled)
        true = functional.one_hot(torch.from_numpy(labelled.labels.modes), NUM_MODES).numpy()
        outputs[..., :NUM_MODES] += TARGET_MODE_WEIGHT * (true - outputs[..., :NUM_MODES])
        return outputs


class ExecutorFinetuneTask(ExecutorTask):
    """The Executor's task on undisputed ticks and augmented segments."""

    def __init__(
        self,
        labelled_episodes: Sequence[LabelledEpisode],
        disputed: Sequence[Bool[np.ndarray, " T"]],
        pieces: Sequence[AugmentedSegment],
        held_out: Sequence[LabelledEpisode],
        model: Executor,
        device: torch.device,
        upstream: UpstreamPolicies,
        profile: Profile,
        hand: np.void,
    ) -> None:
        """Args: as for ExecutorTask; `disputed`, ticks of each episode to leave out; `pieces`, segments to add."""
        super().__init__(labelled_episodes, held_out, model, device, upstream, profile, hand, most_ticks=None)
        samples = self._train.index(torch.from_numpy(~np.concatenate(disputed)).to(device))
        if pieces:
            insistent = TargetModeUpstream(upstream.strategist, upstream.tactician)
            made = [piece.labelled for piece in pieces]
            taught = torch.from_numpy(np.concatenate([piece.taught for piece in pieces])).to(device)
            shown = build_batch(made, map(insistent.conditioning, made), device).index(taught)
            samples = concatenate([samples, *[shown] * OVERSAMPLING])
        self._learn_from(samples)
