"""The Provider protocol: returns a judgement of one moment of play; implemented by a model's endpoint and by rules.

ProviderError               no judgement this time; later requests continue
├── MalformedResponse                  an invalid answer; it is counted and dropped
└── ProviderExhausted           no further judgements (budget spent, key refused)
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from understudy.contract.intent import Mode
from understudy.contract.profile import Profile
from understudy.feedback.state_snapshot import State


class ProviderError(Exception):
    """No judgement this time."""


class MalformedResponse(ProviderError):
    """The answer is invalid."""


class ProviderExhausted(ProviderError):
    """There will be no further judgements."""


@dataclass(frozen=True, kw_only=True)
class ReviewMoment:
    """One moment of play to be judged. It owns its arrays, which do not change."""

    observation: np.ndarray
    """Record of dtype OBSERVATION, shape (1,), of the last picture."""
    mode: Mode
    """The bot's mode at that moment."""
    target_id: int
    """Id of the bot's target; 0 for none."""
    state: State
    profile: Profile
    pictures: tuple[bytes, ...] = ()
    """The clip: annotated JPEGs, oldest first."""
    when: str = ""
    """ISO 8601, UTC."""

    @property
    def time_s(self) -> float:
        """Monotonic seconds, on the clock of the observations."""
        return float(self.observation["time_s"][0])

    @property
    def ids(self) -> frozenset[int]:
        """Ids of the objects in sight."""
        tracks = self.observation["tracks"][0]
        return frozenset(int(number) for number in tracks["id"][tracks["id"] > 0])


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the bot should have done, according to a provider."""

    mode: Mode
    confidence: float
    """0..1."""
    reason: str = ""
    target: int | None = None
    """Id of an object of the moment, 0 for none; None if no target is given."""


@runtime_checkable
class Provider(Protocol):
    """Judges moments of play. Used by one thread at a time; any thread may call `close`."""

    @property
    def source(self) -> str:
        """`vlm`, `rules` or `person`: the source of the corrections."""
        ...

    @property
    def model(self) -> str:
        """Name of the model; empty without one."""
        ...

    def judge(self, moment: ReviewMoment) -> Judgement:
        """Judges a moment; returns the bot's own mode if there is nothing to correct.

        Raises:
            ProviderError: if there is no judgement this time; MalformedResponse if the answer is invalid;
                ProviderExhausted if there will be none from now on.
        """
        ...

    def close(self) -> None:
        """Cancels the request in progress. May be called twice."""
        ...
