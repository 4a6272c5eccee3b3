"""Scripted hands for whole games: pseudo-random, reproducible on every machine, and busy enough to live and die."""

import hashlib

import numpy as np

from understudy.contract.action import ACTION, Action
from understudy.contract.observation import Button, Observation
from understudy.worlds.simulator.engine.readings import LASER
from understudy.worlds.simulator.world import Simulator


def scripted_actions(seeds: np.ndarray, tick: int, observation: Observation) -> Action:
    """What the hands of the worlds do in one tick; depends on a world's seed, the tick and what it sees alone."""
    records = np.zeros(len(seeds), ACTION)
    for b, seed in enumerate(seeds):
        records[b] = _hands(int(seed), tick, observation.records[b])
    return Action(records)


def _hands(seed: int, tick: int, seen: np.void) -> np.void:
    """Every second a click, on an object if there is one and else on the minimap, then keys."""
    bits = int.from_bytes(hashlib.blake2b(f"{seed} {tick // 20}".encode(), digest_size=8).digest(), "little")
    record = np.zeros((), ACTION)
    target = seen["tracks"][bits & 3]
    if target["id"]:
        record["cursor_x"], record["cursor_y"] = target["x"], target["y"]
    elif tick // 20 % 3 == 0:
        record["cursor_x"], record["cursor_y"] = 0.80 + (bits >> 8) % 190 / 1000, 0.72 + (bits >> 16) % 260 / 1000
    else:
        record["cursor_x"], record["cursor_y"] = 0.1, 0.1
    record["button"] = Button.LEFT if tick % 20 < 3 else Button.NONE
    if tick % 20 == 6 and not seen["player"]["switches"][..., LASER]:
        record["keys"] = 1
    elif tick % 20 == 12:
        record["keys"] = 1 << (bits >> 24) % 7
    return record[()]


def play(simulator: Simulator, seeds: np.ndarray, ticks: int) -> str:
    """Plays the script and returns a hash of the whole way: states and observations of every 50th tick."""
    digest = hashlib.sha256()
    for tick in range(ticks):
        simulator.act(scripted_actions(seeds, tick, simulator.observe()))
        if tick % 50 == 49:
            digest.update(simulator.states.tobytes() + simulator.observe().records.tobytes())
    return digest.hexdigest()
