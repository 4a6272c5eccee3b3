"""Ticks as the Executor learns from them: what was seen, what the slower levels said, and what began."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from understudy.learning.data.labelled_episode import Lesson
from understudy.policies.executor import Hazards

Advised = tuple[Float32[np.ndarray, "4 T A"], Float32[np.ndarray, "4 T N"]]
"""What the Executor is told at each tick and the Tactician's weight for each object, for each mirror."""
_MIRRORED_FIRST = ("advice", "weights")
"""Fields whose first axis is the mirror, and whose second is the tick."""


@dataclass(frozen=True, kw_only=True)
class ExecutorSamples:
    """T ticks on one device."""

    context: Float32[Tensor, "T F"]
    tracks: Float32[Tensor, "T N track_features"]
    kinds: Int64[Tensor, "T N"]
    landmarks: Float32[Tensor, "T L landmark_features"]
    free: Bool[Tensor, " T"]
    """The hand was free, so a gesture could have begun."""
    starts: Bool[Tensor, " T"]
    """A gesture began."""
    candidates: Int64[Tensor, " T"]
    """Where it went, -1 for none or unknown."""
    points: Float32[Tensor, "T 2"]
    right: Float32[Tensor, " T"]
    """1 where it was made with the right button."""
    key_onsets: Bool[Tensor, "T K"]
    keys_down: Bool[Tensor, "T K"]
    advice: Float32[Tensor, "4 T A"]
    weights: Float32[Tensor, "4 T N"]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def eventful(self) -> Bool[Tensor, " T"]:
        """Ticks in which a gesture began or a key went down."""
        return self.starts | self.key_onsets.any(dim=1)

    def take(self, ticks: Tensor | slice) -> "ExecutorSamples":
        """Some of the ticks: indices, a mask or a slice."""
        return ExecutorSamples(
            **{
                each.name: value[:, ticks] if each.name in _MIRRORED_FIRST else value[ticks]
                for each in fields(self)
                for value in (getattr(self, each.name),)
            }
        )


def join(parts: Sequence[ExecutorSamples]) -> ExecutorSamples:
    """Ticks one after the other."""
    return ExecutorSamples(
        **{
            each.name: torch.cat([getattr(part, each.name) for part in parts], dim=int(each.name in _MIRRORED_FIRST))
            for each in fields(ExecutorSamples)
        }
    )


def samples_of(lessons: Sequence[Lesson], advised: Iterable[Advised], device: torch.device) -> ExecutorSamples:
    """The ticks to learn from of lessons one after the other, with what the slower levels said in each lesson."""

    def gather(parts: list[np.ndarray], axis: int = 0) -> Tensor:
        return torch.from_numpy(np.concatenate(parts, axis=axis)).to(device)

    said = list(advised)
    samples = ExecutorSamples(
        context=gather([lesson.encoded.context for lesson in lessons]),
        tracks=gather([lesson.encoded.tracks for lesson in lessons]),
        kinds=gather([lesson.encoded.kinds for lesson in lessons]),
        landmarks=gather([lesson.encoded.landmarks for lesson in lessons]),
        free=gather([lesson.free for lesson in lessons]),
        starts=gather([lesson.starts >= 0 for lesson in lessons]),
        candidates=gather([lesson.candidates for lesson in lessons]),
        points=gather([lesson.points for lesson in lessons]),
        right=gather([_right_button(lesson) for lesson in lessons]),
        key_onsets=gather([lesson.key_onsets for lesson in lessons]),
        keys_down=gather([lesson.keys_down for lesson in lessons]),
        advice=gather([advice for advice, _ in said], axis=1),
        weights=gather([weights for _, weights in said], axis=1),
    )
    if all(lesson.taught is None for lesson in lessons):
        return samples
    offsets = np.cumsum([0, *map(len, lessons)])[:-1]
    return samples.take(gather([offset + lesson.taught_ticks for offset, lesson in zip(offsets, lessons, strict=True)]))


def ask(
    model: torch.nn.Module, samples: ExecutorSamples, ticks_B: Tensor, mirror_B: Tensor, signs: Sequence[Tensor]
) -> Hazards:
    """What an Executor says of some ticks, each as seen in one mirror.

    Args:
        signs: of context, track and landmark features under each mirror (`mirror_tables`), on the samples' device.
    """
    context_signs, track_signs, landmark_signs = signs
    said: Hazards = model(
        samples.context[ticks_B] * context_signs[mirror_B],
        samples.advice[mirror_B, ticks_B],
        samples.tracks[ticks_B] * track_signs[mirror_B][:, None],
        samples.kinds[ticks_B],
        samples.weights[mirror_B, ticks_B],
        samples.landmarks[ticks_B] * landmark_signs[mirror_B][:, None],
    )
    return said


def _right_button(lesson: Lesson) -> np.ndarray:
    right = np.zeros(len(lesson), np.float32)
    chosen = lesson.starts >= 0
    right[chosen] = lesson.hindsight.gestures["button"][lesson.starts[chosen]] == 2
    return right
