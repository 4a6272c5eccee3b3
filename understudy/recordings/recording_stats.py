"""What an episode amounts to in a few numbers: how long, who acted, how busy the hand was, what the game gave."""

from dataclasses import dataclass

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.observation import EVENTS, Button
from understudy.recordings.episode import Episode

_WIDE_EVENTS = np.dtype([(name, "f8") for name in EVENTS.names or ()])
"""A damaged file may hold any number: their sum does not overflow then."""


@dataclass(frozen=True, kw_only=True)
class RecordingStats:
    """The numbers of one episode."""

    ticks: int
    duration_s: float
    rate_hz: float
    """Ticks per second as they truly were; NaN with fewer than two ticks."""
    clicks_per_minute: float
    """Times that a mouse button went down."""
    keys_per_minute: float
    """Times that a key went down."""
    actor_shares: dict[str, float]
    """Share of the ticks in which each Actor acted, those that did."""
    kills: float
    boxes: float
    deaths: float
    value: float
    """Points earned by kills and boxes."""
    maps: tuple[str, ...]
    """Names of the maps that were played on, in the profile's order."""


def recording_stats(episode: Episode) -> RecordingStats:
    """Counts through one episode."""
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
    """Ticks in which a button went down that was not down in the tick before; ACTION records, shape (T,)."""
    buttons = np.concatenate([[int(Button.NONE)], actions["button"]])
    return int(((buttons[1:] != buttons[:-1]) & (buttons[1:] != int(Button.NONE))).sum())


def key_presses(actions: np.ndarray) -> int:
    """Keys that went down, each counted in the tick where it did; ACTION records, shape (T,)."""
    keys = np.concatenate([np.zeros(1, np.uint32), actions["keys"]])
    return int(np.bitwise_count(keys[1:] & ~keys[:-1]).sum())


def _actor_shares(episode: Episode) -> dict[str, float]:
    counts = {actor.name.lower(): int((episode.actors == actor).sum()) for actor in Actor}
    return {name: count / len(episode) for name, count in counts.items() if count}


def _maps(episode: Episode) -> tuple[str, ...]:
    names = episode.info.profile.maps
    visited = np.unique(episode.observations["player"]["map_index"]).tolist()
    return tuple(names[index] for index in visited if 0 <= index < len(names))
