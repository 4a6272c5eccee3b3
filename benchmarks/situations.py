"""What teacher and understudy do in the same situations: clicks and keys a minute, by what the teacher would be up to.

    python benchmarks/situations.py kiter models/kiter_0 --map 1-4

The situation is the teacher's own true mode, of a teacher that looks over the player's shoulder (`prompter`), so both
columns answer the same question: here the teacher means to flee; what does each of them do? Also by health and by the
number of aliens that shoot.
"""

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from prompter import Part, Prompted
from smallest import flags

from understudy.contract.intent import Mode
from understudy.contract.observation import TICK_RATE_HZ, Role
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.policies.click_semantics import ClickKind, classify_click, geometry_of
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP, SHIELD
from understudy.worlds.simulator.world import Simulator

PILOT_SALT = np.uint64(0x9C5B2A7D41E8F063)
"""As in the arena."""
WHOLE: frozenset[Part] = frozenset({"when", "which", "space", "minimap", "keys", "hand"})
CLICKS = ("new alien", "same alien", "box", "base", "portal", "patrol", "space", "other")
EVENTS = ("kills", "loot", "deaths", "jumps", "damage_taken", "value")
STATES = ("health", "attackers", "speed", "selected", "target distance")


@dataclass
class Seen:
    """T ticks of B worlds: the situation, and what was done in it."""

    modes: np.ndarray
    maps: np.ndarray
    clicks: np.ndarray
    """(T, B), an index into CLICKS, -1 for none."""
    keys: np.ndarray
    """(T, B, K): went down."""
    events: np.ndarray
    """(T, B, EVENTS), of the tick after."""
    states: np.ndarray
    """(T, B, STATES)"""


def watch(policies: PolicyBundle, style: str, parts: frozenset[Part], num_worlds: int, seconds: float) -> Seen:
    """Plays and writes down."""
    profile = load_profile("darkorbit")
    geometry, seeds = geometry_of(profile), seeds_for(Purpose.CHOOSE, num_worlds)
    world, pilot = Simulator(seeds, spread_over_maps(seeds)), Prompted(policies, profile, style, parts)
    carry = pilot.start(seeds ^ PILOT_SALT)
    ticks, num_keys = round(seconds * TICK_RATE_HZ), len(profile.keys)
    seen = Seen(
        modes=np.zeros((ticks, num_worlds), np.int8),
        maps=np.zeros((ticks, num_worlds), np.int8),
        clicks=np.full((ticks, num_worlds), -1, np.int8),
        keys=np.zeros((ticks, num_worlds, num_keys), bool),
        events=np.zeros((ticks, num_worlds, len(EVENTS)), np.float32),
        states=np.zeros((ticks, num_worlds, len(STATES)), np.float32),
    )
    observation = world.observe()
    for tick in range(ticks):
        records = observation.records
        decision = pilot.decide(observation, carry)
        carry, action = decision.carry, decision.action.records
        seen.modes[tick], seen.maps[tick] = carry.teacher["mode"], records["player"]["map_index"]
        for b in np.flatnonzero((action["button"] > 0) & (records["button"] == 0)):
            seen.clicks[tick, b] = _what(records[b], geometry, action[b])
        down = action["keys"] & ~records["keys"]
        seen.keys[tick] = (down[:, None] >> np.arange(num_keys, dtype=np.uint32)) & 1
        seen.states[tick] = _state(records)
        world.act(decision.action)
        observation = world.observe()
        for column, name in enumerate(EVENTS):
            seen.events[tick, :, column] = observation.records["events"][name]
    world.close()
    return seen


def _what(record: np.void, geometry: np.void, action: np.void) -> int:
    sort, index = classify_click(record, geometry, action["cursor_x"], action["cursor_y"])
    if sort == ClickKind.TRACK:
        track = record["tracks"][index]
        if track["role"] == Role.ENEMY:
            return CLICKS.index("same alien" if track["selected"] else "new alien")
        return CLICKS.index("box" if track["role"] == Role.LOOT else "other")
    if sort == ClickKind.LANDMARK:
        return CLICKS.index("base" if record["landmarks"][index]["role"] == Role.BASE else "portal")
    return CLICKS.index({ClickKind.MINIMAP: "patrol", ClickKind.SPACE: "space"}.get(ClickKind(sort), "other"))


def _state(records: np.ndarray) -> np.ndarray:
    player, tracks = records["player"], records["tracks"]
    there = tracks["id"] > 0
    selected = there & (tracks["selected"] > 0)
    away = np.hypot((tracks["x"] - 0.5) * 1600, (tracks["y"] - 0.5) * 900)
    columns = (
        0.7 * player["gauges"][..., HP] + 0.3 * player["gauges"][..., SHIELD],
        (there & (tracks["attacking"] > 0)).sum(axis=1),
        np.hypot(player["vx"] * 1600, player["vy"] * 900),
        selected.any(axis=1),
        np.where(selected.any(axis=1), np.where(selected, away, 0.0).sum(axis=1), np.nan),
    )
    return np.stack(columns, axis=1)


def rows(seen: Seen, where: np.ndarray, key_names: list[str]) -> dict[str, float]:
    """Rates a minute and means over the ticks picked out."""
    minutes = max(where.sum(), 1) / TICK_RATE_HZ / 60.0
    clicks = seen.clicks[where]
    found = {"% of time": 100.0 * float(where.mean())}
    found |= {name: float((clicks == index).sum()) / minutes for index, name in enumerate(CLICKS)}
    found |= {f"key {name}": float(seen.keys[where][:, index].sum()) / minutes for index, name in enumerate(key_names)}
    found |= {name: float(seen.events[where][:, index].sum()) / minutes for index, name in enumerate(EVENTS)}
    means = np.nanmean(seen.states[where], axis=0) if where.any() else np.full(len(STATES), np.nan)
    return found | {f"mean {name}": float(value) for name, value in zip(STATES, means, strict=True)}


def situations(seen: Seen) -> dict[str, np.ndarray]:
    """Which ticks belong to each situation."""
    health, attackers = seen.states[..., 0], seen.states[..., 1]
    picked = {"always": np.ones_like(seen.modes, bool)}
    picked |= {f"it means to {mode.name}": seen.modes == mode for mode in Mode}
    picked |= {
        "under fire, health above 0.6": (attackers > 0) & (health >= 0.6),
        "under fire, health 0.3 to 0.6": (attackers > 0) & (health >= 0.3) & (health < 0.6),
        "under fire, health below 0.3": (attackers > 0) & (health < 0.3),
        "under fire of 3 or more": attackers >= 3,
        "nobody shoots, health below 0.6": (attackers == 0) & (health < 0.6),
    }
    return picked


def main() -> None:
    """Plays both and prints a table a situation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style")
    parser.add_argument("model", type=Path)
    parser.add_argument("--map", help="only ticks on this map")
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=120.0)
    arguments = parser.parse_args(flags("kiter", "{models}", "--worlds", "4", "--seconds", "3"))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    profile, policies = load_profile("darkorbit"), load_policies(arguments.model)
    both = [
        watch(policies, arguments.style, parts, arguments.worlds, arguments.seconds)
        for parts in (WHOLE, frozenset[Part]())
    ]
    maps = [arguments.map] if arguments.map else [None, *profile.maps]
    for name in maps:
        here = [seen.maps == profile.maps.index(name) if name else np.ones_like(seen.maps, bool) for seen in both]
        print(f"\n## {arguments.style}, {'all maps' if name is None else 'map ' + name}")
        picked = [situations(seen) for seen in both]
        for situation in picked[0]:
            teacher, understudy = (
                rows(seen, picks[situation] & place, list(profile.keys))
                for seen, picks, place in zip(both, picked, here, strict=True)
            )
            print(f"\n{situation}: teacher / understudy, a minute")
            print("  " + "; ".join(f"{what} {teacher[what]:.2f} / {understudy[what]:.2f}" for what in teacher))


if __name__ == "__main__":
    main()
