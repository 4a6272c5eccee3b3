"""Status of a running recording: a line every five seconds, and warnings while a recording is becoming worthless."""

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Step
from understudy.recordings.episode import LARGEST_STEP_S, SHORTEST_S

EVERY_S = 5.0
"""Between two lines."""
LOOK_BACK_S = 10.0
"""Warnings are about the last so many seconds."""
MANY_MISSED = 0.2
"""Share of missed ticks from which a warning is given."""
WARN_AGAIN_S = 30.0
"""A warning is repeated after so long while its cause lasts."""

STILL_S = 120.0
"""A bar that has been quite full or quite empty for so long may be one that is read wrongly."""


class UsableTime:
    """Seconds of play in stretches that are long enough to learn from, without a gap that cannot be filled in."""

    def __init__(self) -> None:
        self._finished_s, self._start_s, self._last_s = 0.0, float("nan"), float("nan")

    def add(self, now_s: float) -> None:
        """Adds one tick."""
        if not now_s - self._last_s <= LARGEST_STEP_S:
            self._finished_s, self._start_s = self.seconds, now_s
        self._last_s = now_s

    @property
    def seconds(self) -> float:
        """Up to the latest tick."""
        stretch_s = self._last_s - self._start_s
        return self._finished_s + (stretch_s if stretch_s >= SHORTEST_S else 0.0)


class RecordingStatus:
    """A Listener that reports on a running recording. Belongs to the thread that runs the session."""

    def __init__(
        self,
        notify: Callable[[str], None],
        is_recording: Callable[[], bool],
        *,
        perceives: bool = True,
        bars: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Args:
        notify: prints a line; must not block.
        is_recording: whether a take is running.
        perceives: False where only pictures and input are recorded, so that nothing can be in sight.
        bars: names of the player's gauges of health that are read off the screen, and their places.
        """
        self._bars = dict(bars) if perceives else {}
        self._readings: deque[tuple[float, tuple[float, ...]]] = deque()
        """Time and reading of each bar, of each tick within LOOK_BACK_S."""
        self._notify, self._is_recording, self._perceives = notify, is_recording, perceives
        self._recent: deque[tuple[float, int]] = deque()
        """Time and number of objects in sight of each tick within LOOK_BACK_S."""
        self._warned_s: dict[str, float] = {}
        self._next_s = float("inf")
        """When the next line is due."""
        self._forget()

    def on_step(self, step: Step) -> None:
        """Counts one tick of the recording; reports when it is time."""
        if not self._is_recording():
            if self._num_ticks:
                self._forget()
            return
        record = step.observation.records[0]
        now_s, num_objects = float(record["time_s"]), int(np.count_nonzero(record["tracks"]["id"]))
        self._count(now_s, step)
        self._recent.append((now_s, num_objects))
        while now_s - self._recent[0][0] > LOOK_BACK_S:
            self._recent.popleft()
        self._watch_bars(now_s, record["player"])
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self._notify(self.line())
            self._warn(now_s)
            self._warn_of_bars(now_s)

    def close(self) -> None:
        """Nothing to close."""

    def line(self) -> str:
        """Returns the present state in one line; empty where nothing is being recorded."""
        if not self._num_ticks:
            return ""
        seconds = self._last_s - self._start_s
        sight = f"{self._recent[-1][1]} objects in sight, " if self._perceives else ""
        missed = self._missed(self._num_ticks, seconds)
        return (
            f"Recording {int(seconds // 60)}:{int(seconds % 60):02}: {sight}{missed:.0%} of the ticks missed, "
            f"{self.usable_s / 60:.1f} minutes can be learnt from, {self._num_presses} presses."
        )

    @property
    def usable_s(self) -> float:
        """Seconds of this recording that can be learnt from."""
        return self._usable.seconds

    def _forget(self) -> None:
        self._num_ticks = self._num_presses = 0
        self._start_s = self._last_s = 0.0
        self._usable = UsableTime()
        self._next_s = float("inf")
        self._recent.clear()
        self._readings.clear()
        self._lowest, self._highest = ([value] * len(self._bars) for value in (float("inf"), float("-inf")))
        self._warned_s.clear()

    def _count(self, now_s: float, step: Step) -> None:
        if not self._num_ticks:
            self._start_s = self._last_s = now_s
            self._next_s = now_s + EVERY_S
        self._usable.add(now_s)
        self._num_ticks += 1
        self._last_s = now_s
        self._num_presses += sum(event.kind == "press" for event in step.inputs)

    def _watch_bars(self, now_s: float, player: np.void) -> None:
        values = tuple(float(player["gauges"][place]) for place in self._bars.values())
        self._readings.append((now_s, values))
        while now_s - self._readings[0][0] > LOOK_BACK_S:
            self._readings.popleft()
        for number, value in enumerate(values):
            if not np.isnan(value):
                self._lowest[number] = min(self._lowest[number], value)
                self._highest[number] = max(self._highest[number], value)

    def _missed(self, num_ticks: int, seconds: float) -> float:
        """Returns the share of missed ticks."""
        return max(0.0, 1.0 - num_ticks / (round(seconds * TICK_RATE_HZ) + 1))

    def _warn(self, now_s: float) -> None:
        seconds = now_s - self._recent[0][0]
        missed = self._missed(len(self._recent), seconds)
        if missed > MANY_MISSED:
            later = " or record pictures only with --perceive later" if self._perceives else ""
            self._warn_of(
                now_s,
                f"Warning: {missed:.0%} of the last ticks were missed, the machine is too busy: lower the game's "
                f"size or frame rate{later}.",
                "missed",
            )
        if self._perceives and seconds >= LOOK_BACK_S - EVERY_S and not any(number for _, number in self._recent):
            self._warn_of(
                now_s,
                f"Warning: no object has been in sight for {seconds:.0f} s: is the game shown, and does the detector "
                "know it?  understudy detector look  shows what it finds.",
                "sight",
            )

    def _warn_of_bars(self, now_s: float) -> None:
        long_enough = now_s - self._readings[0][0] >= LOOK_BACK_S - EVERY_S
        for number, name in enumerate(self._bars):
            unknown = sum(np.isnan(values[number]) for _, values in self._readings)
            if long_enough and 2 * unknown > len(self._readings):
                self._warn_of(
                    now_s,
                    f"Warning: the bar {name} could not be read in most of the last ticks and is unknown in the "
                    "recording: it is covered, or does not fill from the left.  understudy profile check",
                    f"unread {name}",
                )
            stuck = self._lowest[number] == self._highest[number] and self._lowest[number] in (0.0, 1.0)
            if stuck and now_s - self._start_s >= STILL_S and f"stuck {name}" not in self._warned_s:
                self._warn_of(
                    now_s,
                    f"Warning: the bar {name} has read {self._lowest[number]:.0%} all the time: if it moved in the "
                    "game, it does not fill from the left, or its colours are wrong.  understudy profile check",
                    f"stuck {name}",
                )

    def _warn_of(self, now_s: float, line: str, cause: str) -> None:
        if now_s - self._warned_s.get(cause, float("-inf")) >= WARN_AGAIN_S:
            self._warned_s[cause] = now_s
            self._notify(line)
