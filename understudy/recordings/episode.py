"""Episode: one recorded session in memory, with its observations, actions, actors, raw input events and metadata.

The arrays are the contract's records with a tick axis T in place of the batch axis B, so code that takes an Observation
takes an hour of recording too. Frames are deliberately not part of an episode.
"""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from jaxtyping import Bool, Float64, Int8

from understudy.contract.action import ACTION
from understudy.contract.intent import INTENT
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent
from understudy.contract.tick_timing import TIMING
from understudy.recordings.input_events import InputEvents

PAUSE_S = 5.0
"""Seconds between two ticks above which the recording was paused: neither play nor lost ticks."""
LARGEST_STEP_S = 11.5 / TICK_RATE_HZ
"""Seconds between two ticks above which training splits the episode: it fills in at most half a second."""
SHORTEST_S = 20.0
"""Shorter segments are dropped by training."""
MAX_RATE_HZ = 1000.0
RATE_TOLERANCE = 0.2
"""Relative deviation from the nominal tick rate above which `irregularities` reports it."""
MONOTONIC_CLOCK = "monotonic clock of the recording machine"
SIMULATED_CLOCK = "simulated seconds since the world began"


@dataclass(frozen=True, kw_only=True)
class Reperception:
    """One run of perception over the recorded video, which replaced the observations."""

    at: str
    """Wall-clock time, ISO 8601, UTC."""
    detector: str
    """File name of the detector's weights, and the first digits of its SHA-256."""
    from_recording: str
    """First digits of the SHA-256 of the source recording, which is kept beside the new one."""
    num_ticks: int
    """Ticks with a frame; the others were interpolated or are unknown."""


@dataclass(frozen=True, kw_only=True)
class EpisodeInfo:
    """Metadata of an episode; saved as JSON in every recording and read back strictly."""

    profile: Profile
    """The game's full profile, which defines key bits, kinds and map indices."""
    world: str = "simulator"
    """World: `simulator`, `desktop` or `replay`."""
    pilot: str
    """Player: `person`, `teacher:hunter` or the name of a policy."""
    seed: int | None = None
    """Seed of the world, if it has one."""
    pilot_seed: int | None = None
    """Seed of the policy's sampling, if a policy played."""
    weights: dict[str, str] = field(default_factory=dict)
    """Policy -> identity of its initial weights, if a policy played."""
    library: str = ""
    """Inference library of a live policy, with its version; libraries differ in the last bits."""
    start_map: str | None = None
    """Name of the initial map, if it was chosen."""
    tick_rate_hz: float = float(TICK_RATE_HZ)
    """Nominal tick rate; the true times are in the observations."""
    window_width: int
    """Size of the game's window, pixels."""
    window_height: int
    started_at: str
    """Wall-clock start, ISO 8601, UTC."""
    clock: str = MONOTONIC_CLOCK
    """Clock of `time_s`."""
    unix_minus_clock_s: float | None = None
    """Add this to `time_s` to get Unix time; None where `time_s` is simulated."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of this project and of the libraries that affect the recorded data."""
    perceived: bool = True
    """False for a recording of video and input alone (`--perceive later`), which has no observations yet."""
    reperceptions: tuple[Reperception, ...] = ()
    """Runs of perception over the recorded video, the newest last; empty if there was none."""

    @property
    def shows_outcomes(self) -> bool:
        """Returns whether kills, loot and deaths could be seen; perception of a game without bars and log cannot."""
        return self.world != "desktop" or self.profile.shows_outcomes

    def __post_init__(self) -> None:
        if not 0 < self.tick_rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"{self.tick_rate_hz:g} ticks a second: expected up to {MAX_RATE_HZ:g}")


def describe(
    profile: Profile,
    *,
    pilot: str,
    world: str = "simulator",
    seed: int | None = None,
    start_map: str | None = None,
    simulated_time: bool = False,
) -> EpisodeInfo:
    """Returns the EpisodeInfo of a session that begins now, in the profile's own window size."""
    return EpisodeInfo(
        profile=profile,
        world=world,
        pilot=pilot,
        seed=seed,
        start_map=start_map,
        window_width=profile.window_width,
        window_height=profile.window_height,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        clock=SIMULATED_CLOCK if simulated_time else MONOTONIC_CLOCK,
        unix_minus_clock_s=None if simulated_time else time.time() - time.perf_counter(),
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "numpy": np.__version__}
    for name in ("understudy", "mcap", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # running from a source tree that was never installed, or an optional package
            found[name] = "unknown"
    return found


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One session of T ticks; the holder owns the arrays."""

    info: EpisodeInfo
    observations: np.ndarray
    """Records of dtype OBSERVATION, shape (T,): the state at the start of each tick."""
    actions: np.ndarray
    """Records of dtype ACTION, shape (T,): the action taken in each tick, given its observation."""
    actors: Int8[np.ndarray, " T"]
    """The Actor of each tick, shape (T,)."""
    inputs: Sequence[InputEvent] = ()
    """Raw mouse and key events with their own timestamps, in order; `InputEvents` in an episode read from a file."""
    intents: np.ndarray | None = None
    """Records of dtype INTENT, shape (T,); None if the pilot publishes no intent."""
    timings: np.ndarray | None = None
    """Records of dtype TIMING, shape (T,), of a policy that played in real time; else None."""
    filled: Bool[np.ndarray, " T"] | None = None
    """Mask of missed ticks that were filled in for training; None in an episode read from a file."""
    losses: tuple[str, ...] = ()
    """One sentence per part that could not be read; empty when nothing was lost."""

    def __post_init__(self) -> None:
        assert self.observations.dtype == OBSERVATION and self.observations.ndim == 1
        assert self.actions.dtype == ACTION and self.actions.shape == self.observations.shape
        assert self.actors.dtype == np.int8 and self.actors.shape == self.observations.shape
        assert self.intents is None or (self.intents.dtype == INTENT and self.intents.shape == self.observations.shape)
        assert self.timings is None or (self.timings.dtype == TIMING and self.timings.shape == self.observations.shape)
        assert self.filled is None or self.filled.shape == self.observations.shape

    def __len__(self) -> int:
        return len(self.observations)

    def __getitem__(self, ticks: slice) -> "Episode":
        """Returns a slice of the episode as a view; each input event belongs to the tick in which it happened."""
        start, stop, step = ticks.indices(len(self))
        if step != 1:
            raise ValueError("an episode is cut into stretches of whole ticks: a step makes no sense")
        times = self.observations["time_s"]
        since = -np.inf if start == 0 else (times[start] if start < len(self) else np.inf)
        until = np.inf if stop >= len(self) else times[stop]
        events = InputEvents.of(self.inputs)
        moments = events.records["time_s"]
        return replace(
            self,
            observations=self.observations[start:stop],
            actions=self.actions[start:stop],
            actors=self.actors[start:stop],
            inputs=events.where((since <= moments) & (moments < until)),
            intents=None if self.intents is None else self.intents[start:stop],
            timings=None if self.timings is None else self.timings[start:stop],
            filled=None if self.filled is None else self.filled[start:stop],
        )

    @property
    def observation(self) -> Observation:
        """Returns all ticks as one Observation."""
        return Observation(self.observations)

    @property
    def steps_s(self) -> Float64[np.ndarray, " _"]:
        """Returns the time steps of play, seconds, without pauses, negative steps and NaN."""
        with np.errstate(invalid="ignore", over="ignore"):  # a damaged file may hold any number
            steps_s = np.diff(self.observations["time_s"])
        return np.asarray(steps_s[(steps_s > 0) & (steps_s <= PAUSE_S)])

    @property
    def duration_s(self) -> float:
        """Returns the duration of play, from the first tick to the end of the last, without pauses and clock jumps."""
        return float(self.steps_s.sum()) + 1.0 / self.info.tick_rate_hz if len(self) else 0.0

    @property
    def rate_hz(self) -> float:
        """Returns the measured tick rate during play; NaN without two consecutive ticks."""
        steps_s = self.steps_s
        return float(1.0 / steps_s.mean()) if len(steps_s) else float("nan")


def irregularities(episode: Episode) -> tuple[str, ...]:
    """Returns one sentence per irregularity of an episode's times and values; empty when there is none.

    Gaps that training does not fill in are reported, because they split the episode.
    """
    if len(episode) == 0:
        return () if episode.losses else ("not one tick is in it",)
    found = []
    times = episode.observations["time_s"]
    unknown = int((~np.isfinite(times)).sum())
    if unknown:
        found.append(f"the time is not a number at {unknown} of {len(episode)} ticks")
    with np.errstate(over="ignore"):
        steps_s = np.diff(times[np.isfinite(times)])
    backwards = int((steps_s <= 0).sum())
    if backwards:
        back_s = 1.0 / episode.info.tick_rate_hz - float(steps_s.min())
        by = f", by up to {back_s:.1f} s (was the clock set?)" if steps_s.min() < 0 else ""
        found.append(f"time stands still or runs backwards at {backwards} of {len(episode)} ticks{by}")
    rate_hz, aim_hz = episode.rate_hz, episode.info.tick_rate_hz
    if not 1 / (1 + RATE_TOLERANCE) < rate_hz / aim_hz < 1 + RATE_TOLERANCE and len(episode) > 1:
        found.append(f"there are {rate_hz:.1f} ticks a second, {aim_hz:g} were aimed at")
    gaps = steps_s[steps_s > LARGEST_STEP_S]
    if len(gaps):
        found.append(f"{len(gaps)} gaps in time, {gaps.sum():.1f} s together, the longest {gaps.max():.1f} s")
    cursor = np.stack([episode.actions["cursor_x"], episode.actions["cursor_y"]])
    if not np.isfinite(cursor).all():
        found.append(f"the cursor is not a number at {int((~np.isfinite(cursor)).any(axis=0).sum())} ticks")
    return tuple(found)
