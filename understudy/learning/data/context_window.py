"""Ring buffer of context features: provides the Strategist's input window for a tick that is stored in the log.

It encodes every tick itself instead of reading a pilot's state, so it works for a person, a teacher or any other
pilot, and a window can end at any tick, not only at those in which the Strategist ran.
"""

import numpy as np
from jaxtyping import Float32

from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.policies.encoder import Encoder, encoding_of

WINDOW_S = 60


class ContextWindow:
    """Context features of the last minute of B worlds. Belongs to the thread that plays; 25 us for a tick and world."""

    def __init__(self, num_worlds: int, profile: Profile, window_s: int = WINDOW_S) -> None:
        """Args:
        num_worlds: B.
        profile: of the game.
        window_s: length of the window, seconds.
        """
        self._encoder = Encoder(profile)
        self._carry = self._encoder.start(num_worlds)
        self._contexts = np.zeros((window_s * TICK_RATE_HZ, num_worlds, self._encoder.layout.width), np.float32)
        self._num_ticks = 0

    @property
    def encoding(self) -> str:
        """Name of the encoding of its windows."""
        return encoding_of(self._encoder.layout)

    def append(self, observation: Observation) -> None:
        """Encodes and stores one tick."""
        self._contexts[self._num_ticks % len(self._contexts)] = self._encoder.encode(observation, self._carry).context
        self._num_ticks += 1

    def window(self, world: int = 0) -> Float32[np.ndarray, "seconds features"]:
        """Returns a copy of the contexts of the latest tick and of each whole second before it, oldest first.

        The window is shorter early in a session.
        """
        assert self._num_ticks > 0
        last = self._num_ticks - 1
        oldest = max(0, last - len(self._contexts) + 1)
        ticks = np.arange(last, oldest - 1, -TICK_RATE_HZ)[::-1]
        return np.asarray(self._contexts[ticks % len(self._contexts), world].copy(), np.float32)
