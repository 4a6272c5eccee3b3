"""Readings of the embedded game by name, where a test walks through several."""

from dataclasses import replace

import numpy as np

from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine.readings import AMMO, HP, LASER, LOADED, NUM_AMMO, ROCKET, SHIELD

_PLACES = {
    "hp": ("gauges", HP),
    "shield": ("gauges", SHIELD),
    "rocket": ("gauges", ROCKET),
    "ammo": ("gauges", slice(AMMO, AMMO + NUM_AMMO)),
    "loaded": ("selectors", LOADED),
    "laser": ("switches", LASER),
}


def named(records: np.ndarray | np.void, name: str) -> np.ndarray:
    """A reading of the player or of tracks as a view, or a field of that name."""
    field, place = _PLACES.get(name, (name, ...))
    values = records[field]
    return values if place is ... else values[..., place]


def unread(profile: Profile) -> Profile:
    """The same game, nothing of which is read off the screen."""
    return replace(
        profile,
        gauges=tuple(replace(gauge, reading=None) for gauge in profile.gauges),
        switches=tuple(replace(switch, reading=None) for switch in profile.switches),
        selectors=tuple(replace(selector, readings=()) for selector in profile.selectors),
        track_gauges=tuple(replace(gauge, reading=None) for gauge in profile.track_gauges),
        eye=None,
    )
