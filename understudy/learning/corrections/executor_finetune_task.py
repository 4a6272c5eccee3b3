"""The Executor follows its corrected Strategist: where the mode is another one now, so is what the hand does.

It goes on from its own weights on three kinds of ticks: the base recordings with what the new Strategist says of them,
without the seconds that the critic disputes, and transplants, in which the mode is insisted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch.nn import functional

from understudy.contract.intent import NUM_MODES
from understudy.contract.profile import Profile
from understudy.learning.corrections.state_augmentation import Piece
from understudy.learning.data.executor_batch import join, samples_of
from understudy.learning.data.labelled_episode import Lesson
from understudy.learning.data.upstream_conditioning import Upstream
from understudy.learning.supervised.executor_task import ExecutorTask
from understudy.policies.executor import Executor

INSISTENCE = 0.8
"""How far what the Strategist says of a transplant is moved towards the mode in which it was played."""

EMPHASIS = 3
"""How often each tick of a transplant is there: they are few beside an hour of recordings."""


@dataclass(frozen=True)
class InsistentUpstream(Upstream):
    """Upstream that all but names the mode in which a piece was really played."""

    def strategies(self, lesson: Lesson) -> Float32[np.ndarray, "4 T S"]:
        """Mode probabilities, moved to the true mode, and goal."""
        said = super().strategies(lesson)
        true = functional.one_hot(torch.from_numpy(lesson.hindsight.modes), NUM_MODES).numpy()
        said[..., :NUM_MODES] += INSISTENCE * (true - said[..., :NUM_MODES])
        return said


class FollowTask(ExecutorTask):
    """The Executor's task on undisputed ticks and transplants."""

    def __init__(
        self,
        lessons: list[Lesson],
        disputed: Sequence[Bool[np.ndarray, " T"]],
        pieces: Sequence[Piece],
        held_out: list[Lesson],
        model: Executor,
        device: torch.device,
        upstream: Upstream,
        profile: Profile,
        hand: np.void,
    ) -> None:
        """Args: as for ExecutorTask; `disputed`, ticks of each lesson to leave out; `pieces`, transplants to add."""
        super().__init__(lessons, held_out, model, device, upstream, profile, hand)
        samples = self._train.take(torch.from_numpy(~np.concatenate(disputed)).to(device))
        if pieces:
            insistent = InsistentUpstream(upstream.strategist, upstream.tactician)
            made = [piece.lesson for piece in pieces]
            taught = torch.from_numpy(np.concatenate([piece.taught for piece in pieces])).to(device)
            shown = samples_of(made, map(insistent.advice, made), device).take(taught)
            samples = join([samples, *[shown] * EMPHASIS])
        self._learn_from(samples)
