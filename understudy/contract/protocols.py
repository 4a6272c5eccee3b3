"""Protocols of World, Pilot and Listener, and the Decision and Step that pass between them."""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int8, UInt64

from understudy.contract.action import Action
from understudy.contract.intent import Intent
from understudy.contract.observation import Observation
from understudy.contract.profile import Profile

Carry = Any
"""A pilot's memory from tick to tick; opaque to everyone else, never hidden inside the pilot."""


@runtime_checkable
class World(Protocol):
    """B games that can be observed and acted upon; a live one has B = 1."""

    @property
    def profile(self) -> Profile:
        """Which game this is."""
        ...

    @property
    def num_worlds(self) -> int:
        """B."""
        ...

    def observe(self) -> Observation:
        """Returns the present observation. Valid until the next `act`; copy it to keep it."""
        ...

    def act(self, action: Action) -> None:
        """Carries the actions out; a world that does not run by itself advances by one tick."""
        ...

    def close(self) -> None:
        """Releases buttons, keys, windows and threads. May be called twice."""
        ...


@runtime_checkable
class RolloutStep(Protocol):
    """A policy's inputs in one tick and the random draws of its action, from which its log-probability follows.

    Opaque to everyone but the learners of that policy, which check for its class (policies/sampling.py).
    """

    @property
    def sampled(self) -> np.ndarray:
        """The random draws, shape (B,)."""
        ...


@dataclass(frozen=True)
class Decision:
    """A pilot's action in one tick, the intent behind it, and its memory."""

    action: Action
    intent: Intent
    carry: Carry
    actors: Int8[np.ndarray, " B"] | None = None
    """Who acts, an Actor for each world, where the pilot decides that (a person took over); else the session does."""
    timing: np.ndarray | None = None
    """Records of dtype TIMING, shape (B,), of a pilot that plays in real time."""
    rollout_step: RolloutStep | None = None
    """Of a policy that samples its action; its arrays are not changed later."""


@runtime_checkable
class Pilot(Protocol):
    """Decides once a tick, for B worlds at a time."""

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial memory of B worlds; whatever is random in world b depends on seeds[b] alone."""
        ...

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Decides one tick. May update `carry` in place; the decision's carry is passed to the next tick."""
        ...


@dataclass(frozen=True)
class InputEvent:
    """One raw event of a person's mouse or keyboard, with its own time."""

    time_s: float
    """Monotonic, on the clock of the observations."""
    kind: str
    """`move`, `press` or `release`; `mark` for a moment that somebody wants to find again; `weights` for new ones."""
    code: str
    """`left` or `right` for a button, the profile's name for a key, empty for a move, for a mark what it is, for new
    weights the Executor's identity."""
    x: float
    """Cursor in window fractions at that moment."""
    y: float


@dataclass(frozen=True)
class Step:
    """One tick: observation, decision and action."""

    index: int
    """Ticks since the session began."""
    observation: Observation
    action: Action
    intent: Intent
    actors: Int8[np.ndarray, " B"]
    """Who acted, an Actor for each world."""
    inputs: tuple[InputEvent, ...] = field(default=())
    """Raw events since the step before (live worlds with B = 1 only)."""
    timing: np.ndarray | None = None
    """Records of dtype TIMING, shape (B,), of a pilot that plays in real time."""
    rollout_step: RolloutStep | None = None
    """Of the policy that decided, whoever acted; its arrays are not changed later."""


@runtime_checkable
class Listener(Protocol):
    """Receives every step after its action was carried out. Must not block: the control thread calls it."""

    def on_step(self, step: Step) -> None:
        """Called once a tick. The step's arrays are the world's own: copy what is kept."""
        ...

    def close(self) -> None:
        """Called once, when the session ends for whatever reason."""
        ...
