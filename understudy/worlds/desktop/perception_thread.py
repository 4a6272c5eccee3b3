"""Perception on a thread of its own, at its own rate: the newest frame wins, and no frame waits behind another.

A tick hands over its frame and takes the newest result, moved on to that frame. It waits for a result only where one
can be expected within MOST_WAIT_S: a quick detector is seen through as without a thread, a slow one never makes a tick
late. The thread has the priority of the others: with less it would be held up while it holds Python's lock.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from understudy.contract.observation import TICK_S, Observation
from understudy.worlds.desktop.latency_compensation import LatestObservation

MOST_WAIT_S = 0.025
"""Half a tick: the policies have the other half, also on a machine that is busy with a game (benchmarks/desktop.md)."""
MOST_AGE_S = 0.5
"""A tick waits, and is missed, rather than play by an older frame: at top speed a ship is 0.2 window widths away."""
NUM_WARM_UP = 4
"""Frames until everything is compiled and allocated."""
KEPT = 72_000
"""An hour of ticks: the percentiles are over the last of these."""
_PAUSE_S = 1.0
"""A longer gap between frames is a pause, and does not count into the rate."""
_TYPICAL_OF = 15
_LOOK_S = 0.1
"""How often a wait without an end wakes up: on Windows Ctrl-C is not noticed within one."""
_JOIN_S = 5.0


@runtime_checkable
class Perception(Protocol):
    """What turns pictures into observations: perception's pipeline."""

    def process(
        self,
        frame: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        cursor: tuple[float, float],
        keys: int,
        button: int,
    ) -> Observation:
        """One picture of the game, with what mouse and keyboard did since the one before."""
        ...


class _Job(NamedTuple):
    frame: np.ndarray
    time_s: float
    cursor: tuple[float, float]
    keys: int
    button: int


@dataclass(frozen=True, kw_only=True)
class PerceptionReport:
    """How perception kept up, seconds."""

    rate_hz: float
    """Frames that were perceived in a second, while frames came."""
    num_frames: int
    """Frames that were handed over."""
    num_perceived: int
    took_p50_s: float
    took_p99_s: float
    age_p50_s: float
    """Age of the frame that an observation was seen in, when its tick's own frame was captured."""
    age_p99_s: float

    def __str__(self) -> str:
        return (
            f"Perception: {self.rate_hz:.1f} pictures a second, ms {1000 * self.took_p50_s:.1f} / "
            f"{1000 * self.took_p99_s:.1f} each; what was played by was older than its tick by ms "
            f"{1000 * self.age_p50_s:.1f} / {1000 * self.age_p99_s:.1f} (p50 / p99)."
        )


class PerceptionThread:
    """Runs a perception in a thread. `process`, `warm_up` and `close` belong to the control thread."""

    def __init__(
        self,
        perception: Perception,
        *,
        most_wait_s: float = MOST_WAIT_S,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Args:
        perception: is called on the thread alone.
        most_wait_s: for which a tick waits for the result of its own frame.
        clock: monotonic seconds.
        """
        self._perception, self._most_wait_s, self._clock = perception, most_wait_s, clock
        self._changed = threading.Condition()
        self._latest = LatestObservation()
        self._pending: _Job | None = None
        self._from_s = float("-inf")
        """Frames from before this moment are forgotten."""
        self._began_s: float | None = None
        """When the thread took the frame that it works on; None while it is idle."""
        self._typical_s: deque[float] = deque(maxlen=_TYPICAL_OF)
        self._failure: Exception | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._took_s: deque[float] = deque(maxlen=KEPT)
        self._ages_s: deque[float] = deque(maxlen=KEPT)
        self._num_frames = self._num_perceived = 0
        self._watched_s, self._before_s = 0.0, float("-inf")

    def process(
        self,
        frame: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        cursor: tuple[float, float],
        keys: int,
        button: int,
    ) -> Observation:
        """The observation of a tick: the newest result, moved on to the tick's frame.

        Args:
            frame: RGB; the thread reads it, nobody may write it any more.
            time_s: monotonic capture time.
            cursor: window fractions.
            keys: bits of the profile's keys that were down since the frame before.
            button: a Button that was down since the frame before.

        Raises:
            Exception: whatever the perception raised, with this frame or an earlier one.
        """
        deadline_s = self._clock() + self._most_wait_s
        with self._changed:
            self._hand_over(_Job(frame, time_s, cursor, keys, button))
            while self._should_wait(time_s, deadline_s):
                remaining_s = deadline_s - self._clock()
                self._changed.wait(remaining_s if remaining_s > 0 else _LOOK_S)
            if self._failure is not None:
                raise self._failure
            self._ages_s.append(time_s - self._latest.time_s)
            return self._latest.at(time_s, cursor, keys, button)

    def warm_up(self, frame: UInt8[np.ndarray, "height width 3"]) -> None:
        """Shows the perception a frame a few times before time matters: compiling, first allocations.

        The frames are given times of long ago, so that nothing of them is followed on.
        """
        with self._changed:
            for number in range(NUM_WARM_UP):
                self._latest.clear()
                self._hand_over(_Job(frame, number * TICK_S, (0.5, 0.5), 0, 0))
                while self._failure is None and self._latest.time_s == float("-inf"):
                    self._changed.wait(_LOOK_S)
            self._latest.clear()
            self._typical_s = deque([self._typical_s[-1]] if self._typical_s else [], _TYPICAL_OF)
            self._took_s.clear()
            self._num_frames = self._num_perceived = 0
            self._watched_s, self._before_s = 0.0, float("-inf")
            if self._failure is not None:
                raise self._failure

    def forget_before(self, time_s: float) -> None:
        """Forgets what was seen in frames captured before a moment, such as those from before a pause."""
        with self._changed:
            self._from_s, self._pending = time_s, None
            self._latest.clear()

    def report(self) -> PerceptionReport:
        """The figures of all ticks so far; the percentiles are over the last hour."""
        with self._changed:
            took = np.percentile(self._took_s, [50, 99]) if self._took_s else np.zeros(2)
            ages = np.percentile(self._ages_s, [50, 99]) if self._ages_s else np.zeros(2)
            return PerceptionReport(
                rate_hz=self._num_perceived / max(TICK_S, self._watched_s),
                num_frames=self._num_frames,
                num_perceived=self._num_perceived,
                took_p50_s=float(took[0]),
                took_p99_s=float(took[1]),
                age_p50_s=float(ages[0]),
                age_p99_s=float(ages[1]),
            )

    def close(self) -> None:
        """Ends the thread after the frame that it works on. May be called twice."""
        with self._changed:
            self._closing, self._pending = True, None
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_JOIN_S)  # what hangs in a driver ends with the process: the thread is a daemon

    def _hand_over(self, job: _Job) -> None:
        assert not self._closing
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="perception", daemon=True)
            self._thread.start()
        self._pending = job
        self._num_frames += 1
        gap_s, self._before_s = job.time_s - self._before_s, job.time_s
        self._watched_s += gap_s if gap_s < _PAUSE_S else TICK_S
        self._changed.notify_all()

    def _should_wait(self, time_s: float, deadline_s: float) -> bool:
        """Whether a tick goes on waiting: for anything that is young enough, or for what will be ready in time."""
        latest_s = self._latest.time_s
        if self._failure is not None or latest_s == time_s:
            return False
        if time_s - latest_s > MOST_AGE_S:
            return True
        now_s = self._clock()
        began_s = now_s if self._began_s is None else self._began_s
        typical_s = float(np.median(self._typical_s)) if self._typical_s else 0.0
        return now_s < deadline_s and began_s + typical_s <= deadline_s

    def _run(self) -> None:
        while (job := self._take()) is not None:
            try:
                result = self._perception.process(*job)
            except Exception as problem:  # is raised again on the control thread, which ends the session
                with self._changed:
                    self._failure = problem
                    self._changed.notify_all()
                return
            with self._changed:
                self._put(result, job.time_s)

    def _take(self) -> _Job | None:
        """The newest frame, as soon as there is one; None at the end."""
        with self._changed:
            self._began_s = None
            while self._pending is None and not self._closing:
                self._changed.wait()
            job, self._pending = self._pending, None
            self._began_s = self._clock()
            return None if self._closing else job

    def _put(self, result: Observation, time_s: float) -> None:
        assert self._began_s is not None
        took_s = self._clock() - self._began_s
        self._typical_s.append(took_s)
        self._took_s.append(took_s)
        self._num_perceived += 1
        self._began_s = None
        if time_s >= self._from_s:
            self._latest.put(result, time_s)
        self._changed.notify_all()
