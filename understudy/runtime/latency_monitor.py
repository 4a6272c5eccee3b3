"""Latency monitor of a pilot in real time: lateness, skipped slots and run time of each level, as percentiles.

Every level has absolute deadlines: a tick begins at the time of its observation, and a level is due in the first tick
of each of its slots. A slot that the world did not wait for is skipped and counted, never caught up on. All times are
passed in, so a test covers an hour of ticks in milliseconds.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ, TICK_S
from understudy.contract.tick_timing import TIMING, Level
from understudy.policies.conditioning import STRATEGIST_TICKS, TACTICIAN_TICKS
from understudy.policies.level_scheduler import SlotCounter

LEVEL_TICKS = {Level.STRATEGIST: STRATEGIST_TICKS, Level.TACTICIAN: TACTICIAN_TICKS, Level.EXECUTOR: 1}
"""Ticks from one deadline of each level to the next."""
KEPT_TICKS = 72_000
"""An hour: percentiles are over the last of these."""
SHOWN_TICKS = 200
"""Ten seconds: the window of the live lines."""

LINES_TICKS = 10
"""Ticks between two updates of the live lines."""


@dataclass(frozen=True, kw_only=True)
class Percentiles:
    """Percentiles of one duration, seconds."""

    p50_s: float
    p95_s: float
    p99_s: float
    max_s: float

    def __str__(self) -> str:
        return " / ".join(f"{1000 * value:.1f}" for value in (self.p50_s, self.p95_s, self.p99_s, self.max_s))


@dataclass(frozen=True, kw_only=True)
class LevelReport:
    """Lateness and skipped slots of one level."""

    level: Level
    rate_hz: float
    num_runs: int
    num_skipped: int
    """Slots in which it was due and did not run."""
    late: Percentiles
    """From its deadline until it began."""


@dataclass(frozen=True, kw_only=True)
class LatencyReport:
    """Timing of a session."""

    num_ticks: int
    num_late: int
    """Ticks without a decision of their own: skipped, or decided after their end."""
    levels: tuple[LevelReport, ...]
    decide: Percentiles
    """Run time of all levels together."""
    latency: Percentiles
    """From the time of the observation until the decision was ready to be sent."""
    jitter_s: float
    """Standard deviation of the latency."""

    @property
    def late_share(self) -> float:
        """Late ticks as a share of all ticks that were due."""
        skipped = self.levels[Level.EXECUTOR].num_skipped
        return self.num_late / max(1, self.num_ticks + skipped)


def spread_of(seconds: np.ndarray) -> Percentiles:
    """Returns the percentiles of durations in seconds; zeros for an empty array."""
    p50, p95, p99, most = np.percentile(seconds, [50, 95, 99, 100]) if len(seconds) else (0.0, 0.0, 0.0, 0.0)
    return Percentiles(p50_s=float(p50), p95_s=float(p95), p99_s=float(p99), max_s=float(most))


def report_of(timings: np.ndarray) -> LatencyReport:
    """Computes the report of T ticks.

    Args:
        timings: records of dtype TIMING, shape (T,), of a live session or from its recording.
    """
    levels = tuple(
        LevelReport(
            level=level,
            rate_hz=TICK_RATE_HZ / ticks,
            num_runs=int(timings["ran"][:, level].sum()),
            num_skipped=int(timings["skipped"][:, level].sum()),
            late=spread_of(timings["late_s"][timings["ran"][:, level] > 0, level]),
        )
        for level, ticks in LEVEL_TICKS.items()
    )
    overdue = int((timings["latency_s"] > TICK_S).sum())
    return LatencyReport(
        num_ticks=len(timings),
        num_late=overdue + levels[Level.EXECUTOR].num_skipped,
        levels=levels,
        decide=spread_of(timings["decide_s"]),
        latency=spread_of(timings["latency_s"]),
        jitter_s=float(np.std(timings["latency_s"])) if len(timings) else 0.0,
    )


class LatencyMonitor:
    """Records the timing of one session's ticks. Belongs to the thread that plays."""

    def __init__(self) -> None:
        self._kept: deque[bytes] = deque(maxlen=KEPT_TICKS)
        self._slots = {level: SlotCounter(ticks) for level, ticks in LEVEL_TICKS.items()}
        self._num_ticks = 0
        self._lines: tuple[str, ...] = ()
        self._lines_tick = -LINES_TICKS

    def begin(self, tick: int, time_s: float, now_s: float) -> np.ndarray:
        """Begins a tick and determines which levels are due in it.

        Args:
            tick: number of the tick since the start, skipped ticks included.
            time_s: its deadline.
            now_s: when it began.

        Returns:
            One record of dtype TIMING, shape (1,), for `end`; `ran` and `late_s` are filled in.
        """
        timing = np.zeros(1, TIMING)
        for level, slots in self._slots.items():
            begun = slots.advance(tick)
            if begun:
                timing["ran"][0, level] = 1
                timing["late_s"][0, level] = max(0.0, now_s - time_s) + (tick - slots.slot * slots.period) * TICK_S
                timing["skipped"][0, level] = begun - 1
        return timing

    def end(self, timing: np.ndarray, time_s: float, began_s: float, now_s: float) -> None:
        """Ends a tick: fills in its durations and stores it.

        Args:
            timing: record from `begin`, with `decided` filled in; updated in place.
            time_s: of the observation.
            began_s: when the policy started to run.
            now_s: when its decision was ready.
        """
        timing["decide_s"] = now_s - began_s
        timing["latency_s"] = max(0.0, now_s - time_s)
        self._kept.append(timing.tobytes())
        self._num_ticks += 1

    def report(self, num_ticks: int = KEPT_TICKS) -> LatencyReport:
        """Returns the report of the last `num_ticks` ticks, at most KEPT_TICKS (an hour)."""
        kept = list(self._kept)[-num_ticks:] if num_ticks < len(self._kept) else self._kept
        return report_of(np.frombuffer(b"".join(kept), TIMING))

    def lines(self) -> tuple[str, ...]:
        """Returns the last ten seconds in a few short lines for the live view; updated twice a second."""
        if self._num_ticks >= self._lines_tick + LINES_TICKS:
            self._lines, self._lines_tick = lines_of(self.report(SHOWN_TICKS)), self._num_ticks
        return self._lines


def lines_of(report: LatencyReport) -> tuple[str, ...]:
    """Formats a report as a few short lines, times in milliseconds as p50 / p99."""
    return (
        *(
            f"{each.rate_hz:g} Hz   late {_milliseconds(each.late)}   left out {each.num_skipped}"
            for each in report.levels
        ),
        f"thinks {_milliseconds(report.decide)}   sees to acts {_milliseconds(report.latency)}",
    )


def _milliseconds(spread: Percentiles) -> str:
    return f"{1000 * spread.p50_s:.1f}/{1000 * spread.p99_s:.1f} ms"
