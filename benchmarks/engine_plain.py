"""The engine's rules without a compiler: the same functions, run by the Python interpreter.

`engine_plain.py way compiled` and `engine_plain.py way plain` print hashes of a short way through the game, which have
to be equal; `engine_plain.py speed` prints steps a CPU-second, on records of numpy and on plain Python objects.
"""

import os
import sys
import time
from types import SimpleNamespace
from typing import Any

if __name__ == "__main__" and sys.argv[1:] != ["way", "compiled"]:
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # numba reads it once, when it is imported

import hashlib

import numpy as np
from engine_hands import busy_actions
from smallest import flags

from understudy.contract.observation import empty_observation
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.combat import begin
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.observation_builder import observe
from understudy.worlds.simulator.engine.state import seeded_states
from understudy.worlds.simulator.engine.step import begin_worlds, step, step_worlds

WAY_TICKS = 400


def with_attributes(dtype: np.dtype) -> np.dtype:
    """The same layout, with fields that Python can reach as attributes, at every depth."""
    if dtype.subdtype is not None:
        return np.dtype((with_attributes(dtype.subdtype[0]), dtype.subdtype[1]))
    if dtype.fields is None or dtype.names is None:
        return dtype
    layout = {
        "names": list(dtype.names),
        "formats": [with_attributes(dtype.fields[name][0]) for name in dtype.names],
        "offsets": [dtype.fields[name][1] for name in dtype.names],
        "itemsize": dtype.itemsize,
    }
    return np.dtype((np.record, layout))  # type: ignore[call-overload]


def as_objects(value: Any) -> Any:
    """A record as a plain Python object: fields as attributes, columns as lists; tables stay numpy's."""
    if isinstance(value, np.void) and value.dtype.names is not None:
        return SimpleNamespace(**{name: as_objects(value[name]) for name in value.dtype.names})
    if isinstance(value, np.ndarray):
        return value if value.ndim > 1 else [as_objects(item) for item in value]
    return value if isinstance(value, np.uint64) else value.item()


def fresh_arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """States, observations and rules of one world, and actions for it."""
    return (
        seeded_states(np.array([7], np.uint64)),
        empty_observation(1).records,
        compile_rules(load_profile()),
        busy_actions(1, WAY_TICKS // 10),
    )


def way(arrays: tuple[np.ndarray, ...]) -> str:
    """Plays one world and hashes state and observation of each tenth tick."""
    states, observations, rules, actions = arrays
    begin_worlds(states, observations, rules, -1)
    digest = hashlib.sha256()
    for tick, action in enumerate(actions):
        step_worlds(states, action, observations, rules)
        if tick % 10 == 9:
            digest.update(states.tobytes() + observations.tobytes())
    return digest.hexdigest()


def speed(world: Any, seen: Any, rules: Any, actions: list[Any]) -> float:
    """Steps with observation a CPU-second of one world, given as anything with attributes."""
    begin(world, rules, -1)
    start = time.process_time()
    for action in actions:
        step(world, action, rules)
        observe(world, seen, rules)
    return len(actions) / (time.process_time() - start)


def main() -> None:
    """Prints what was asked for."""
    np.seterr(over="ignore")  # splitmix64 wraps round on purpose
    arrays = fresh_arrays()
    records = tuple(array.view(with_attributes(array.dtype)) for array in arrays)
    asked = flags("way", "plain")
    if asked == ["way", "compiled"]:
        print(way(arrays))
    elif asked == ["way", "plain"]:
        print(way(records))
    else:
        states, observations, rules, actions = records
        on_records = speed(states[0], observations[0], rules[0], list(actions[:, 0]))
        states, observations, rules, actions = arrays
        objects = [as_objects(array[0]) for array in (states, observations, rules)]
        print(on_records, speed(*objects, [as_objects(action[0]) for action in actions]))


if __name__ == "__main__":
    main()
