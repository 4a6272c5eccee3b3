"""Decisions of recorded sessions, scores in worlds, and the simulator itself, from fixtures and seeds."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.digests import FIXTURES, digest, sha
from tests.golden.inputs import (
    MODELS,
    MODELS_WITH_HISTORY,
    PROFILE,
    decided,
    episode,
    policies,
    trained_executor,
    two_styles,
)
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.policies.policy_bundle import PolicyBundle
from understudy.policies.style_heads import swap_styles
from understudy.recordings.store import read_episode
from understudy.runtime.hierarchical_policy import HierarchicalPolicy, load_hierarchy
from understudy.runtime.process_replay import differences, find_policies, hierarchy_of, intents_of, replay
from understudy.worlds.simulator.teacher.demonstration_noise import HARDSHIPS, OF_THE_HAND, hardships_named, resized
from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

Values = dict[str, Any]
Arrays = dict[str, np.ndarray]
SESSIONS = {
    "live/live.mcap": MODELS,
    "live/live_swap.mcap": MODELS_WITH_HISTORY,
    "recordings/mixed.mcap": MODELS,
}
"""Recordings of policies that played, and the folder that holds their weights."""


def replayed(name: str, models: Path, arrays: Arrays) -> Values:
    """A recorded session decided again."""
    recorded = read_episode(FIXTURES / name)
    again = replay(recorded, hierarchy_of(recorded, models), lambda executor: find_policies(models, executor))
    arrays[f"{name}.decided"], arrays[f"{name}.intents"] = _bytes_of(again.decided), _bytes_of(again.intents)
    assert recorded.timings is not None
    return {
        "library": recorded.info.library,
        "pilot_seed": recorded.info.pilot_seed,
        "weights": recorded.info.weights,
        "num_ticks": len(recorded),
        "num_replayed": len(again.decided),
        "num_different": int(differences(recorded, again).sum()),
        "swapped_at": np.flatnonzero(recorded.timings["swapped"]),
        "num_skipped": int(recorded.timings["skipped"][:, 2].sum()),
        "button_ticks": int((again.decided["button"] > 0).sum()),
        "key_ticks": int((again.decided["keys"] > 0).sum()),
    }


def decisions(arrays: Arrays) -> Values:
    """What several sets of policies decide on a teacher's recording."""
    made, both = policies(), two_styles()
    found: Values = {}
    bundles = {
        "plain": made,
        "newer style": dataclasses.replace(made, executor=both),
        "base style": dataclasses.replace(made, executor=swap_styles(both)),
        "executor alone": PolicyBundle(made.executor, made.hand),
        "trained": dataclasses.replace(made, executor=trained_executor()),
    }
    for name, each in bundles.items():
        actions = decided(HierarchicalPolicy(each, PROFILE), episode().observations[:300], seed=21)
        arrays[f"decisions.{name}"] = _bytes_of(actions)
        found[name] = {
            "button_ticks": int((actions["button"] > 0).sum()),
            "key_ticks": int((actions["keys"] > 0).sum()),
            "cursor_sum": float(actions["cursor_x"].astype(np.float64).sum()),
        }
    intents = intents_of(episode()[:400], load_hierarchy(MODELS, PROFILE))
    found["intents"] = {
        "modes": np.bincount(intents["mode"], minlength=5),
        "goal": digest(intents["goal"]),
        "target_probabilities": digest(intents["target_probabilities"]),
    }
    return found


def worlds() -> Values:
    """20 s of play in 8 worlds, by pilots that decide with networks and by those that do not."""
    seeds = seeds_for(Purpose.CHOOSE, 8, 40)
    made = policies()
    pilots: dict[str, Pilot] = {
        **{style: Teacher(style, PROFILE) for style in ("hunter", "kiter", "careful")},
        "policies": load_hierarchy(MODELS, PROFILE),
        "trained": HierarchicalPolicy(dataclasses.replace(made, executor=trained_executor()), PROFILE),
        "base style": HierarchicalPolicy(dataclasses.replace(made, executor=swap_styles(two_styles())), PROFILE),
        **{name: kind(PROFILE) for name, kind in BASELINES.items()},
    }
    return {name: _scores(pilot, seeds) for name, pilot in pilots.items()}


def _scores(pilot: Pilot, seeds: np.ndarray) -> Values:
    stats = rollout(pilot, seeds, 20.0)
    counters = stats.habits.records
    names = ("hits", "misses", "kills", "loot", "deaths", "jumps", "damage_dealt", "damage_taken", "value")
    return {
        "scores": stats.scores,
        "start_maps": stats.start_maps,
        "ticks": digest(stats.ticks),
        "events": digest(stats.events),
        "totals": {name: stats.total(name) for name in names},
        "ticks_by_mode": stats.ticks.sum(axis=(0, 1)),
        "counters": {name: np.asarray(counters[name], np.float64).sum() for name in counters.dtype.names},
        "counter_bytes": digest(counters),
    }


def simulator() -> Values:
    """Observations of 400 ticks of four worlds, played by a teacher and by a noisy one in another window."""
    seeds = np.arange(200, 204, dtype=np.uint64)
    noise = hardships_named([name for name in HARDSHIPS if name not in OF_THE_HAND])
    hard = Simulator(seeds, None, resized(PROFILE, noise.other_window))
    return {
        "plain": _seen(Simulator(seeds), Teacher("kiter", PROFILE), seeds),
        "hard": _seen(hard, NoisyTeacher("careful", hard.profile, noise), seeds),
    }


def _seen(world: Simulator, pilot: Pilot, seeds: np.ndarray) -> list[str]:
    carry, hashes = pilot.start(seeds), []
    for tick in range(401):
        seen = world.observe()
        if tick % 100 == 0:
            hashes.append(sha(seen.records))
        decision = pilot.decide(seen, carry)
        carry = decision.carry
        world.act(decision.action)
    return hashes


def _bytes_of(records: np.ndarray) -> np.ndarray:
    return np.frombuffer(np.ascontiguousarray(records).tobytes(), np.uint8).reshape(len(records), -1)
