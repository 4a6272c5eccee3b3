"""Summary statistics of an episode: duration, shares of actors, clicks and key presses, game events and points."""

from dataclasses import dataclass

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.observation import EVENTS
from understudy.recordings.episode import Episode

_WIDE_EVENTS = np.dtype([(name, "f8") for name in EVENTS.names or ()])
"""Clamp of summed values, so that the sum over a damaged file does not overflow."""


@dataclass(frozen=True, kw_only=True)
class RecordingStats:
    """Statistics of one episode."""

    ticks: int
    duration_s: float
    rate_hz: float
    """Measured ticks per second; NaN with fewer than two ticks."""
    clicks_per_minute: float
    """Number of mouse button presses."""
    keys_per_minute: float
    """Number of key presses."""
    actor_shares: dict[str, float]
    """Actor -> share of ticks; only actors that acted."""
    kills: float
    boxes: float
    deaths: float
    value: float
    """Points earned by kills and boxes."""
    maps: tuple[str, ...]
    """Names of the visited maps, in the profile's order."""


def recording_stats(episode: Episode) -> RecordingStats:
    """Computes the statistics of one episode."""
    minutes = max(episode.duration_s, 1e-9) / 60.0
    events = episode.observations["events"].astype(_WIDE_EVENTS)
    return RecordingStats(
        ticks=len(episode),
        duration_s=episode.duration_s,
        rate_hz=episode.rate_hz,
        clicks_per_minute=clicks(episode.actions) / minutes,
        keys_per_minute=key_presses(episode.actions) / minutes,
        actor_shares=_actor_shares(episode),
        kills=float(events["kills"].sum()),
        boxes=float(events["loot"].sum()),
        deaths=float(events["deaths"].sum()),
        value=float(events["value"].sum()),
        maps=_maps(episode),
    )


def clicks(actions: np.ndarray) -> int:
    """Returns the number of presses of mouse buttons; `actions`: ACTION records, shape (T,)."""
    buttons = np.concatenate([np.zeros(1, np.uint32), actions["button"]])
    return int(np.bitwise_count(buttons[1:] & ~buttons[:-1]).sum())


def key_presses(actions: np.ndarray) -> int:
    """Returns the number of key presses; `actions`: ACTION records, shape (T,)."""
    keys = np.concatenate([np.zeros(1, np.uint32), actions["keys"]])
    return int(np.bitwise_count(keys[1:] & ~keys[:-1]).sum())


def _actor_shares(episode: Episode) -> dict[str, float]:
    counts = {actor.name.lower(): int((episode.actors == actor).sum()) for actor in Actor}
    return {name: count / len(episode) for name, count in counts.items() if count}


def _maps(episode: Episode) -> tuple[str, ...]:
    names = episode.info.profile.maps
    visited = np.unique(episode.observations["player"]["map_index"]).tolist()
    return tuple(names[index] for index in visited if 0 <= index < len(names))
