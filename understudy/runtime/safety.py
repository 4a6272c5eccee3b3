"""A world wrapper between a pilot and a game that sends only valid actions within a rate limit."""

import logging
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt32

from understudy.contract.action import Action, idle_action
from understudy.contract.observation import ALL_BUTTONS, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import World

logger = logging.getLogger(__name__)

BUTTON_BITS = ALL_BUTTONS.bit_length()


@dataclass(frozen=True, kw_only=True)
class GuardLimits:
    """Rate limit of a pilot's presses: a token bucket."""

    presses_per_s: float = 12.0
    """Button and key presses per second that the bucket refills; more are not sent. A fast person reaches about ten."""
    burst: float = 6.0
    """Capacity of the bucket: presses that may come at once after a pause."""


@dataclass
class GuardCounts:
    """Actions that Guarded changed, over all its worlds."""

    num_clamped: int = 0
    """Actions whose cursor lay outside the window and was moved to its edge."""
    num_dropped: int = 0
    """Invalid actions (NaN, unknown button or key), which were replaced by an idle action."""
    num_held_back: int = 0
    """Actions whose new presses exceeded the rate limit and were not sent."""


class Guarded:
    """A world wrapper that sends only valid actions within the rate limit, and releases all inputs on close or error.

    An action with NaN or an unknown button or key becomes an idle action; a cursor outside the window is clamped.
    """

    def __init__(self, world: World, limits: GuardLimits | None = None) -> None:
        """Args:
        world: the wrapped world; closed by this one.
        limits: the defaults when None.
        """
        self._world = world
        self._limits = limits or GuardLimits()
        self._known_keys = np.uint32((1 << len(world.profile.keys)) - 1)
        self._allowance = np.full(world.num_worlds, self._limits.burst)
        self._time_s = np.full(world.num_worlds, np.nan)
        self._held = np.zeros(world.num_worlds, np.uint64)
        self._seen: Observation | None = None
        self._closed = False
        self.counts = GuardCounts()

    @property
    def profile(self) -> Profile:
        """Which game this is."""
        return self._world.profile

    @property
    def num_worlds(self) -> int:
        """B."""
        return self._world.num_worlds

    def observe(self) -> Observation:
        """How the worlds look now."""
        self._seen = self._world.observe()
        return self._seen

    def act(self, action: Action) -> None:
        """Sends the actions after validation; releases all buttons and keys if the world raises."""
        seen = self._seen or self.observe()
        sent = Action(action.records.copy())
        self._drop_invalid(sent, seen)
        self._clamp(sent)
        self._hold_back(sent, seen)
        try:
            self._world.act(sent)
        except BaseException:
            self._close_after_failure()
            raise
        self._seen = None

    def close(self) -> None:
        """Releases every button and key, then closes the world, even if releasing fails."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._held.any():
                self._world.act(idle_action(self._world.observe()))
        finally:
            self._world.close()

    def _close_after_failure(self) -> None:
        try:
            self.close()
        except Exception:  # the world's own error is the one to report
            logger.exception("buttons and keys could not be released after the world failed")

    def _drop_invalid(self, sent: Action, seen: Observation) -> None:
        records = sent.records
        sound = np.isfinite(records["cursor_x"]) & np.isfinite(records["cursor_y"])
        sound &= ((records["button"] & ~np.uint32(ALL_BUTTONS)) == 0) & ((records["keys"] & ~self._known_keys) == 0)
        if not sound.all():
            records[~sound] = idle_action(seen).records[~sound]
            self._count_dropped(~sound)

    def _count_dropped(self, dropped: Bool[np.ndarray, " B"]) -> None:
        if self.counts.num_dropped == 0:
            logger.warning("the pilot sent an action that makes no sense; it was dropped, and so will be any other")
        self.counts.num_dropped += int(dropped.sum())

    def _clamp(self, sent: Action) -> None:
        records = sent.records
        outside = np.zeros(len(sent), bool)
        for axis in ("cursor_x", "cursor_y"):
            inside = np.clip(records[axis], 0.0, 1.0)
            outside |= inside != records[axis]
            records[axis] = inside
        self.counts.num_clamped += int(outside.sum())

    def _hold_back(self, sent: Action, seen: Observation) -> None:
        """Applies a token bucket to each world: game time refills it, each new press takes one token."""
        now_s = seen.records["time_s"]
        passed_s = np.nan_to_num(np.maximum(now_s - self._time_s, 0.0))
        self._time_s = now_s.copy()
        self._allowance = np.minimum(self._allowance + passed_s * self._limits.presses_per_s, self._limits.burst)
        down = _down(sent.records["keys"], sent.records["button"])
        pressed = down & ~self._held
        num_pressed = np.bitwise_count(pressed)
        too_fast = num_pressed > self._allowance
        if too_fast.any():
            down[too_fast] &= self._held[too_fast]
            sent.records["keys"][too_fast] = (down[too_fast] >> np.uint64(BUTTON_BITS)).astype(np.uint32)
            sent.records["button"][too_fast] = (down[too_fast] & np.uint64(ALL_BUTTONS)).astype(np.uint32)
            self.counts.num_held_back += int(too_fast.sum())
        self._allowance -= np.where(too_fast, 0, num_pressed)
        self._held = down


def _down(keys: UInt32[np.ndarray, " B"], button: UInt32[np.ndarray, " B"]) -> np.ndarray:
    """Returns all held inputs as one bit set per world: the keys above the bits of the mouse buttons."""
    return (keys.astype(np.uint64) << np.uint64(BUTTON_BITS)) | button.astype(np.uint64)
