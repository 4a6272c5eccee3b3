"""Fixed-rate scheduling by absolute deadlines, for a loop (`Rate`) or a real-time game (`Beat`); measures lateness.

Relative sleeping (work, then sleep a period) drifts: measured at 20 Hz over 200 ticks with 2-12 ms of work it gave
19.90 Hz and 48 ms of drift, absolute deadlines 20.00 Hz and 0.1 ms. A missed slot is skipped and counted, never caught
up in a burst. The clock is passed in, so a test runs an hour of ticks without sleeping.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from understudy.contract.observation import TICK_S

_log = logging.getLogger(__name__)

KEPT_TICKS = 72_000  # an hour at 20 Hz; the percentiles are over the last of these


@runtime_checkable
class Clock(Protocol):
    """Source of time."""

    def now_s(self) -> float:
        """Returns monotonic time in seconds."""
        ...

    def sleep_until(self, time_s: float) -> None:
        """Returns at `time_s` or soon after; immediately if that is past."""
        ...


class SystemClock:
    """The computer's monotonic clock: time.perf_counter everywhere, because time.monotonic goes in steps of 15.6 ms on
    Windows before Python 3.13. On Linux and macOS both are the same clock."""

    def now_s(self) -> float:
        """Returns the seconds since a fixed moment."""
        return time.perf_counter()

    def sleep_until(self, time_s: float) -> None:
        """Sleeps; does not spin for the last fraction of a millisecond."""
        remaining_s = time_s - time.perf_counter()
        if remaining_s > 0:
            time.sleep(remaining_s)


@dataclass(frozen=True, kw_only=True)
class RateReport:
    """Latency statistics of a loop; seconds after the deadline."""

    rate_hz: float
    num_ticks: int
    num_skipped: int
    """Slots that were skipped because the previous tick took too long."""
    num_late: int
    """Ticks that began a whole period or more after their deadline."""
    late_p50_s: float
    late_p95_s: float
    late_p99_s: float
    late_max_s: float

    def __str__(self) -> str:
        milliseconds = ", ".join(
            f"{name} {1000 * value:.1f}"
            for name, value in (
                ("p50", self.late_p50_s),
                ("p95", self.late_p95_s),
                ("p99", self.late_p99_s),
                ("max", self.late_max_s),
            )
        )
        return f"{self.rate_hz:g} Hz: {self.num_ticks} ticks, {self.num_skipped} skipped, late by ms {milliseconds}"


class Rate:
    """Deadlines at `start + k / rate_hz`. Used by the one thread that calls `wait`."""

    def __init__(self, rate_hz: float, clock: Clock | None = None) -> None:
        """Args:
        rate_hz: ticks per second, above zero.
        clock: the system's monotonic one when None.
        """
        assert rate_hz > 0
        self.rate_hz = rate_hz
        self.clock: Clock = clock or SystemClock()
        self._period_s = 1.0 / rate_hz
        self._start_s: float | None = None
        self._slot = 0
        self._num_ticks = 0
        self._num_skipped = 0
        self._num_late = 0
        self._late_max_s = 0.0
        self._late_s: deque[float] = deque(maxlen=KEPT_TICKS)

    def wait(self) -> int:
        """Waits until the next slot begins; the first call returns immediately and sets the start.

        Returns:
            Number of slots that were skipped because the work since the last call took too long.
        """
        if self._start_s is None:
            self._start_s = self.clock.now_s()
            return self._begin_tick(0.0)
        deadline_s = self._start_s + (self._slot + 1) * self._period_s
        self.clock.sleep_until(deadline_s)
        return self._begin_tick(max(0.0, self.clock.now_s() - deadline_s))

    def _begin_tick(self, late_s: float) -> int:
        skipped = int(late_s / self._period_s)
        self._slot += (1 if self._num_ticks else 0) + skipped
        self._num_ticks += 1
        self._num_skipped += skipped
        self._num_late += skipped > 0
        self._late_max_s = max(self._late_max_s, late_s)
        self._late_s.append(late_s)
        return skipped

    def report(self) -> RateReport:
        """Returns the statistics so far: percentiles over the last KEPT_TICKS ticks, the rest over all ticks."""
        p50, p95, p99 = np.percentile(self._late_s, [50, 95, 99]) if self._late_s else (0.0, 0.0, 0.0)
        return RateReport(
            rate_hz=self.rate_hz,
            num_ticks=self._num_ticks,
            num_skipped=self._num_skipped,
            num_late=self._num_late,
            late_p50_s=float(p50),
            late_p95_s=float(p95),
            late_p99_s=float(p99),
            late_max_s=self._late_max_s,
        )


LONGEST_GAP_S = 1.0
"""Pause, seconds, above which ticks do not count as missed (a suspended machine)."""


class Beat:
    """Counts the ticks of a game that does not wait for its pilot. Used by the thread that plays."""

    def __init__(self, clock: Callable[[], float], most_behind: int = 0) -> None:
        """Starts the first tick.

        Args:
            clock: monotonic seconds.
            most_behind: number of ticks by which the game may lag behind the clock before ticks are missed.
        """
        self._clock, self._most_behind = clock, most_behind
        self.start_s = clock()
        """Start of the present tick, seconds."""
        self.num_ticks, self.num_missed = 0, 0
        """Number of finished ticks, missed ones included; number of missed ticks."""

    @property
    def end_s(self) -> float:
        """End of the present tick, seconds."""
        return self.start_s + TICK_S

    def restart(self) -> None:
        """Starts a tick now; the time since the last one does not count as missed."""
        self.start_s = self._clock()

    def delay(self, seconds: float) -> None:
        """Shifts the present tick, because the game was paused."""
        self.start_s += seconds

    def next(self) -> list[float]:
        """Ends the tick, possibly late.

        Returns:
            Start of each tick since then: missed ones first, the present one last.
        """
        late_s = self._clock() - self.end_s
        if late_s > LONGEST_GAP_S:
            _log.warning("the game stood still for %.1f s", late_s)
            self.start_s += late_s
            late_s = 0.0
        missed = max(0, int(late_s / TICK_S) - self._most_behind)
        starts_s = []
        for _ in range(1 + missed):
            self.start_s += TICK_S
            starts_s.append(self.start_s)
        self.num_ticks += 1 + missed
        self.num_missed += missed
        return starts_s
