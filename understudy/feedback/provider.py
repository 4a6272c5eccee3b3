"""Who can give a second opinion: a model behind an endpoint, a handful of rules, anyone who implements Provider.

ProviderError               no opinion this time; the next moment is asked about as usual
├── MalformedResponse                  an answer that makes no sense; it is counted and dropped
└── ProviderExhausted           there will be no more opinions (budget spent, key refused)
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from understudy.contract.intent import Mode
from understudy.contract.profile import Profile
from understudy.feedback.state_snapshot import State


class ProviderError(Exception):
    """No opinion this time."""


class MalformedResponse(ProviderError):
    """An answer that makes no sense."""


class ProviderExhausted(ProviderError):
    """There will be no more opinions."""


@dataclass(frozen=True, kw_only=True)
class ReviewMoment:
    """What a provider is asked about. Its arrays belong to it and change no more."""

    observation: np.ndarray
    """Record of dtype OBSERVATION, shape (1,), of the last picture."""
    mode: Mode
    """What the bot was up to at that moment."""
    target_id: int
    """What it was after; 0 for nothing."""
    state: State
    profile: Profile
    pictures: tuple[bytes, ...] = ()
    """The clip: annotated JPEGs, oldest first."""
    when: str = ""
    """ISO 8601, UTC."""

    @property
    def time_s(self) -> float:
        """Monotonic, on the clock of the observations."""
        return float(self.observation["time_s"][0])

    @property
    def ids(self) -> frozenset[int]:
        """Ids of the objects in sight."""
        tracks = self.observation["tracks"][0]
        return frozenset(int(number) for number in tracks["id"][tracks["id"] > 0])


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What somebody would have done."""

    mode: Mode
    confidence: float
    """0..1."""
    reason: str = ""
    target: int | None = None
    """Id of an object of the moment, 0 for none; None where nothing is said."""


@runtime_checkable
class Provider(Protocol):
    """Gives opinions. Used by one thread at a time; `close` may come from another."""

    @property
    def source(self) -> str:
        """`vlm`, `rules` or `person`: the source of the corrections."""
        ...

    @property
    def model(self) -> str:
        """Name of the model, where there is one; else empty."""
        ...

    def judge(self, moment: ReviewMoment) -> Judgement:
        """An opinion on the moment, the same mode as the bot's where nothing is wrong with it.

        Raises:
            ProviderError: if there is none this time; MalformedResponse if it made no sense; ProviderExhausted if
                it was the last.
        """
        ...

    def close(self) -> None:
        """Gives up what is being waited for. May be called twice."""
        ...
