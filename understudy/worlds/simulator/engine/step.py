"""The step function of the embedded game: one tick of one world, and of a batch.

A world depends on its own record alone, so results are equal to the last bit for any batch size and any split over
threads. The compiled loops release the GIL, so parts of a batch may be stepped in parallel threads.

numba keys its disk cache by a function's own file and not by the functions that it calls. The entry point `run_worlds`
is therefore created inside a function whose argument is a fingerprint of all rule sources: any change recompiles it.
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
from understudy.worlds.simulator.engine.ship_control import move_ship, read_action, use_mouse
from understudy.worlds.simulator.engine.spawning import renew_boxes
from understudy.worlds.simulator.engine.state import Record

CONTINUE = -2
"""In place of a start map: advance the present game by one tick."""
NO_ACTIONS = np.zeros(0, ACTION)


@njit_part
def step(w: Record, a: Record, r: Record) -> None:
    """Advances one world by one tick: input, movement, shots, aliens, repair, loot, death and respawn."""
    clear_events(w.events)
    pressed, clicked = read_action(w, a, r)
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
    """Sets all events of this tick to zero."""
    e.hits, e.misses, e.kills, e.loot, e.deaths, e.jumps = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    e.damage_dealt, e.damage_taken, e.value = 0.0, 0.0, 0.0


@njit_part
def add_events(total: Record, e: Record) -> None:
    """Adds the events of this tick to the totals."""
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
    """Returns the CRC-32 of the rules' source files and of the records that they read and write."""
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
            if start_map == CONTINUE:
                step(states[b], actions[b], r)
            else:
                begin(states[b], r, start_map)
            observe(states[b], observations[b], r)

    return run_worlds


_run_worlds = _compile(_fingerprint())


def step_worlds(states: np.ndarray, actions: np.ndarray, observations: np.ndarray, rules: np.ndarray) -> None:
    """Advances B worlds by one tick and writes their observations.

    Args:
        states: records of dtype WORLD, shape (B,), changed in place.
        actions: records of dtype ACTION, shape (B,).
        observations: records of dtype OBSERVATION, shape (B,), overwritten.
        rules: from `compile_rules`.
    """
    assert len(states) == len(actions) == len(observations)
    if not (actions.flags.c_contiguous and actions.flags.writeable):
        actions = actions.copy()  # a different array layout would trigger another compilation
    _run_worlds(states, actions, observations, rules, CONTINUE)


def begin_worlds(states: np.ndarray, observations: np.ndarray, rules: np.ndarray, start_map: int) -> None:
    """Starts a new game in B worlds that have only their random streams; start_map -1 draws the map."""
    assert len(states) == len(observations) and start_map != CONTINUE
    _run_worlds(states, NO_ACTIONS, observations, rules, start_map)
