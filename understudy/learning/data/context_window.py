"""Keeps the Strategist's look back at hand, so that a moment can be written down with what led to it.

It encodes every tick itself instead of reaching into a pilot's memory: so it serves a person who plays, a teacher, a
Hierarchy and any other pilot alike, and a window that ends at any tick, not only where the Strategist thought.
"""

import numpy as np
from jaxtyping import Float32

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.encoder import Encoder

WINDOW_S = 60


class ContextWindow:
    """The contexts of the last minute of B worlds. Belongs to the thread that plays; 25 us a tick and world."""

    def __init__(self, num_worlds: int, profile: Profile, window_s: int = WINDOW_S) -> None:
        """Args:
        num_worlds: B.
        profile: of the game.
        window_s: how far back, seconds.
        """
        self._encoder = Encoder(profile)
        self._carry = self._encoder.start(num_worlds)
        self._kept = np.zeros((window_s * TICK_RATE_HZ, num_worlds, CONTEXT_WIDTH), np.float32)
        self._num_ticks = 0

    def append(self, observation: Observation) -> None:
        """One more tick."""
        self._kept[self._num_ticks % len(self._kept)] = self._encoder.encode(observation, self._carry).context
        self._num_ticks += 1

    def window(self, world: int = 0) -> Float32[np.ndarray, "seconds features"]:
        """The latest tick and those whole seconds before it, oldest first; a copy. Shorter early in a session."""
        assert self._num_ticks > 0
        last = self._num_ticks - 1
        oldest = max(0, last - len(self._kept) + 1)
        ticks = np.arange(last, oldest - 1, -TICK_RATE_HZ)[::-1]
        return np.asarray(self._kept[ticks % len(self._kept), world].copy(), np.float32)
