"""Episodes with every field filled, for tests of the recordings."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import INTENT, Intent, no_intent
from understudy.contract.observation import OBSERVATION, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import InputEvent, Step
from understudy.contract.serialization import read_toml
from understudy.contract.tick_timing import TIMING
from understudy.recordings.episode import Episode, EpisodeInfo, describe

PROFILES = Path(__file__).resolve().parents[2] / "understudy" / "worlds" / "profiles"


def darkorbit() -> Profile:
    """The embedded game's profile."""
    return read_toml(Profile, PROFILES / "darkorbit.toml")


def info_of(pilot: str = "person") -> EpisodeInfo:
    """A description as a live session would write it."""
    return describe(darkorbit(), pilot=pilot, seed=7, start_map="1-2")


def made_up(
    ticks: int, seed: int = 0, with_intents: bool = False, with_inputs: bool = True, with_timings: bool = False
) -> Episode:
    """An episode whose records hold arbitrary bytes everywhere but in the time, so that nothing is lost unseen."""
    random = np.random.default_rng(seed)
    observations = _arbitrary(random, ticks, OBSERVATION)
    observations["time_s"] = 1000.0 + np.arange(ticks) / 20 + random.uniform(0, 0.004, ticks)
    for name in observations["events"].dtype.names:
        observations["events"][name] = random.integers(0, 2, ticks) * (random.random(ticks) < 0.2)
    actions = _arbitrary(random, ticks, ACTION)
    actions["cursor_x"], actions["cursor_y"] = random.random((2, ticks), np.float32)
    inputs = tuple(_event(time_s, number) for number, time_s in enumerate(observations["time_s"][::3].tolist()))
    return Episode(
        info=info_of(),
        observations=observations,
        actions=actions,
        actors=random.integers(0, 4, ticks).astype(np.int8),
        inputs=inputs if with_inputs else (),
        intents=_arbitrary(random, ticks, INTENT) if with_intents else None,
        timings=_arbitrary(random, ticks, TIMING) if with_timings else None,
    )


def _arbitrary(random: np.random.Generator, ticks: int, dtype: np.dtype) -> np.ndarray:
    return np.frombuffer(random.bytes(ticks * dtype.itemsize), dtype).copy()


def _event(time_s: float, number: int) -> InputEvent:
    kind, code = (("move", ""), ("press", "left"), ("release", "space"))[number % 3]
    return InputEvent(time_s + 1e-7, kind, code, number / 1000, 1 - number / 1000)


def steps_of(episode: Episode) -> list[Step]:
    """The steps that a session would have told its listeners."""
    steps = []
    for tick in range(len(episode)):
        part = episode[tick : tick + 1]
        intent = no_intent(1) if part.intents is None else Intent(part.intents)
        step = Step(tick, Observation(part.observations), Action(part.actions), intent, part.actors, tuple(part.inputs))
        steps.append(replace(step, timing=part.timings))
    return steps


def assert_same(one: Episode, other: Episode) -> None:
    """Bit for bit the same, NaN included; losses are not compared."""
    assert one.info == other.info
    assert one.observations.tobytes() == other.observations.tobytes()
    assert one.actions.tobytes() == other.actions.tobytes()
    assert one.actors.tobytes() == other.actors.tobytes()
    assert one.inputs == other.inputs
    assert (one.intents is None) == (other.intents is None)
    assert one.intents is None or other.intents is None or one.intents.tobytes() == other.intents.tobytes()
    assert (one.timings is None) == (other.timings is None)
    assert one.timings is None or other.timings is None or one.timings.tobytes() == other.timings.tobytes()
