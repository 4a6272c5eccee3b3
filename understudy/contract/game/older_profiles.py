"""Profiles of earlier versions, which had fixed names for what a game shows: hp, shield, rocket, four kinds of
ammunition, a laser, and bars of hp and shield over enemies. A profile that reads one of them gets all as gauges,
switches and selectors under these names, in the order in which old recordings have them; one that reads none has none.
"""

from collections.abc import Mapping
from typing import Any

DECLARED = ("gauges", "switches", "selectors", "track_gauges")
"""Keys of today's profiles, of which older ones have none."""
NUM_STORES = 4
_EYE_KEYS = ("hp", "shield", "rocket", "ammo", "ammo_kind", "laser", "overhead", "shield_worth", "hulls", "shields")
_TRACK_NAMES = ("hp", "shield")


def upgrade_profile(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns plain values of a profile under today's keys; what is wrong in them is left for the reader to name."""
    if any(key in plain for key in DECLARED):
        return plain
    eye = plain.get("eye")
    old = dict(eye) if isinstance(eye, Mapping) else {}
    if not any(key in old for key in _EYE_KEYS) or not _is_readable(old):
        return plain
    taken = {key: old.pop(key) for key in _EYE_KEYS if key in old}
    keys = plain.get("keys")
    upgraded = {**plain, "eye": old, "gauges": _gauges(taken)}
    laser: dict[str, Any] = {"name": "laser", "weapon": True}
    if isinstance(keys, (list, tuple)) and "ctrl" in keys:
        laser["key"] = "ctrl"
    if taken.get("laser") is not None:
        laser["reading"] = taken["laser"]
    upgraded["switches"] = [laser]
    lamps = taken.get("ammo_kind") or []
    lamps = [*lamps, *lamps[-1:] * (NUM_STORES - len(lamps))] if lamps else []
    upgraded["selectors"] = [{"name": "ammo", "num_choices": NUM_STORES, "readings": lamps}]
    upgraded["track_gauges"] = _track_gauges(taken)
    return upgraded


def _is_readable(eye: Mapping[str, Any]) -> bool:
    """Returns whether the old entries have the shapes that the upgrade takes apart."""
    lists = [eye.get(name) or [] for name in ("ammo", "ammo_kind", "overhead")]
    return (
        all(isinstance(part, (list, tuple)) for part in lists)
        and max(len(part) for part in lists[:2]) <= NUM_STORES
        and all(isinstance(bar, Mapping) and bar.get("reading") in _TRACK_NAMES for bar in lists[2])
    )


def _gauges(taken: Mapping[str, Any]) -> list[dict[str, Any]]:
    stores = [*(taken.get("ammo") or []), *[None] * NUM_STORES][:NUM_STORES]
    shield: dict[str, Any] = {"name": "shield", "role": "DANGER"}
    if "shield_worth" in taken:
        shield["worth"] = taken["shield_worth"]
    gauges: list[tuple[dict[str, Any], Any]] = [
        ({"name": "hp", "role": "VITAL"}, taken.get("hp")),
        (shield, taken.get("shield")),
        ({"name": "rocket", "role": "COOLDOWN", "weapon": True}, taken.get("rocket")),
        *(({"name": f"ammo_{i + 1}", "role": "STORE", "weapon": True}, bar) for i, bar in enumerate(stores)),
    ]
    return [gauge if reading is None else {**gauge, "reading": reading} for gauge, reading in gauges]


def _track_gauges(taken: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, role, full in (("hp", "VITAL", "hulls"), ("shield", "DANGER", "shields")):
        gauge: dict[str, Any] = {"name": name, "role": role}
        if name == "shield":
            gauge["worth"] = 0.35
        if taken.get(full):
            gauge["full"] = taken[full]
        for bar in taken.get("overhead") or []:
            if bar["reading"] == name:
                gauge["reading"] = {key: value for key, value in bar.items() if key != "reading"}
        found.append(gauge)
    return found
