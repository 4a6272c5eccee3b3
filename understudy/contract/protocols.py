"""Protocols of World, Pilot and Listener, and the Decision and Step that pass between them."""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int8, UInt64

from understudy.contract.action import Action
from understudy.contract.intent import Intent
from understudy.contract.observation import BUTTON_NAMES, Observation
from understudy.contract.profile import Profile

Carry = Any
"""A pilot's state from tick to tick, passed in and out (as in JAX's `scan`); opaque to others."""


@runtime_checkable
class World(Protocol):
    """B games that can be observed and acted upon; a live one has B = 1."""

    @property
    def profile(self) -> Profile:
        """The profile of the game."""
        ...

    @property
    def num_worlds(self) -> int:
        """B."""
        ...

    def observe(self) -> Observation:
        """Returns the present observation. Valid until the next `act`; copy it to keep it."""
        ...

    def act(self, action: Action) -> None:
        """Executes the actions; a world that is not real-time advances by one tick."""
        ...

    def close(self) -> None:
        """Releases buttons, keys, windows and threads. May be called twice."""
        ...


@runtime_checkable
class RolloutStep(Protocol):
    """A policy's inputs in one tick and the random draws of its action, from which its log-probability follows.

    Opaque to all but that policy's learners, which check its class (policies/sampling.py).
    """

    @property
    def sampled(self) -> np.ndarray:
        """The random draws, shape (B,)."""
        ...


@dataclass(frozen=True)
class Decision:
    """A pilot's output in one tick: action, intent and carry."""

    action: Action
    intent: Intent
    carry: Carry
    actors: Int8[np.ndarray, " B"] | None = None
    """The Actor of each world, if the pilot decides it (a person took over); else the session does."""
    timing: np.ndarray | None = None
    """Records of dtype TIMING, shape (B,), of a pilot that plays in real time."""
    rollout_step: RolloutStep | None = None
    """Rollout step of a policy that samples its action; its arrays are not changed later."""


@runtime_checkable
class Pilot(Protocol):
    """Decides once per tick, for B worlds at a time."""

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial carry of B worlds; randomness in world b depends on seeds[b] alone."""
        ...

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Decides one tick. May update `carry` in place; the decision's carry is passed to the next tick."""
        ...


@dataclass(frozen=True)
class InputEvent:
    """One raw event of a person's mouse or keyboard, with its own timestamp."""

    time_s: float
    """Monotonic, on the clock of the observations."""
    kind: str
    """`move`, `press` or `release`; `mark` for a bookmark; `weights` for a change of weights."""
    code: str
    """`left`, `right` or `middle` for a button, `event_code` of a key or of the wheel (a click of it is a press and a
    release at once), empty for a move, the label of a mark, or the identity of the Executor's new weights."""
    x: float
    """Cursor position at that moment, window fractions."""
    y: float


def event_code(key: str) -> str:
    """Returns the code of a key in raw events: its name; the arrow keys, which are named like buttons, are prefixed."""
    return f"arrow_{key}" if key in BUTTON_NAMES.values() else key


@dataclass(frozen=True)
class Step:
    """One tick: observation, decision and action."""

    index: int
    """Ticks since the session began."""
    observation: Observation
    action: Action
    intent: Intent
    actors: Int8[np.ndarray, " B"]
    """The Actor of each world."""
    inputs: tuple[InputEvent, ...] = field(default=())
    """Raw events since the previous step (only live worlds, B = 1)."""
    timing: np.ndarray | None = None
    """Records of dtype TIMING, shape (B,), of a pilot that plays in real time."""
    rollout_step: RolloutStep | None = None
    """Rollout step of the policy, whoever acted; its arrays are not changed later."""


@runtime_checkable
class Listener(Protocol):
    """Receives every step after its action was executed. Must not block: the control thread calls it."""

    def on_step(self, step: Step) -> None:
        """Called once per tick. The world owns the step's arrays: copy what is kept."""
        ...

    def close(self) -> None:
        """Called once when the session ends, for any reason."""
        ...
