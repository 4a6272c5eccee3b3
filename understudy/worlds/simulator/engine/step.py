"""The clock of the embedded game: one tick of one world, and of many.

A world depends on its own record alone, so results are the same to the last bit for any number of worlds, in any
split over threads. The compiled loops release the GIL: whoever has cores to spare may step parts of a batch in threads.

numba keys its cache on disk by the file of a function and not by the functions that it calls. The one entry point,
`run_worlds`, is therefore made inside a function that is given a fingerprint of all the rules' source: any change
compiles anew.
"""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from understudy.contract.action import ACTION
from understudy.worlds.simulator.engine.aliens import move_aliens
from understudy.worlds.simulator.engine.combat import (
    begin,
    collect,
    die,
    fire_laser,
    regenerate,
    return_to_base,
    use_keys,
)
from understudy.worlds.simulator.engine.njit import njit, njit_part
from understudy.worlds.simulator.engine.observation_builder import observe
from understudy.worlds.simulator.engine.ship_control import move_ship, read_hands, use_mouse
from understudy.worlds.simulator.engine.spawning import renew_boxes
from understudy.worlds.simulator.engine.state import Record

GO_ON = -2
"""In place of a start map: no new game, but a tick of the old one."""
NO_ACTIONS = np.zeros(0, ACTION)


@njit_part
def step(w: Record, a: Record, r: Record) -> None:
    """One tick of one world: hands, flight, shots, aliens, repair, loot, life and death."""
    clear_events(w.events)
    pressed, clicked = read_hands(w, a, r)
    if w.alive:
        use_mouse(w, r, clicked)
        use_keys(w, r, pressed)
        move_ship(w, r)
        fire_laser(w, r)
        collect(w, r)
    move_aliens(w, r)
    renew_boxes(w, r)
    if w.alive and w.hull <= 0.0:
        die(w, r)
    elif w.alive:
        regenerate(w, r)
    elif w.tick >= w.respawn_tick:
        return_to_base(w, r)
    w.tick = w.tick + 1
    add_events(w.totals, w.events)


@njit_part
def clear_events(e: Record) -> None:
    """Nothing has happened yet in this tick."""
    e.hits, e.misses, e.kills, e.loot, e.deaths, e.jumps = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    e.damage_dealt, e.damage_taken, e.value = 0.0, 0.0, 0.0


@njit_part
def add_events(total: Record, e: Record) -> None:
    """Keeps count since the world began."""
    total.hits += e.hits
    total.misses += e.misses
    total.kills += e.kills
    total.loot += e.loot
    total.deaths += e.deaths
    total.jumps += e.jumps
    total.damage_dealt += e.damage_dealt
    total.damage_taken += e.damage_taken
    total.value += e.value


def _fingerprint() -> int:
    """Of every source file of the rules, and of the records that they read and write."""
    here = Path(__file__)
    contract = [here.parents[3] / "contract" / name for name in ("observation.py", "action.py")]
    files = [*sorted(here.parent.glob("*.py")), *contract]
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def _compile(fingerprint: int) -> Callable[..., None]:
    @njit(cache=True, nogil=True, error_model="numpy")
    def run_worlds(
        states: np.ndarray, actions: np.ndarray, observations: np.ndarray, rules: np.ndarray, start_map: int
    ) -> None:
        _ = fingerprint
        r = rules[0]
        for b in range(len(states)):
            if start_map == GO_ON:
                step(states[b], actions[b], r)
            else:
                begin(states[b], r, start_map)
            observe(states[b], observations[b], r)

    return run_worlds


_run_worlds = _compile(_fingerprint())


def step_worlds(states: np.ndarray, actions: np.ndarray, observations: np.ndarray, rules: np.ndarray) -> None:
    """Moves B worlds on by one tick and writes what they look like then.

    Args:
        states: records of dtype WORLD, shape (B,), changed in place.
        actions: records of dtype ACTION, shape (B,).
        observations: records of dtype OBSERVATION, shape (B,), overwritten.
        rules: from `compile_rules`.
    """
    assert len(states) == len(actions) == len(observations)
    if not (actions.flags.c_contiguous and actions.flags.writeable):
        actions = actions.copy()  # another kind of array would be compiled for anew
    _run_worlds(states, actions, observations, rules, GO_ON)


def begin_worlds(states: np.ndarray, observations: np.ndarray, rules: np.ndarray, start_map: int) -> None:
    """Begins a new game in B worlds that hold nothing but their random streams; start_map -1 draws the map."""
    assert len(states) == len(observations) and start_map != GO_ON
    _run_worlds(states, NO_ACTIONS, observations, rules, start_map)
