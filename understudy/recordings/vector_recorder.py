"""Vectorised recorder: records many worlds in lockstep, each to its own file, without work per world and tick.

For worlds that run faster than real time. Ticks are collected as raw bytes and written block by block; the files are
the same as a Recorder's.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt64

from understudy.contract.action import ACTION, Actor
from understudy.contract.errors import RecordingError
from understudy.contract.observation import OBSERVATION
from understudy.contract.protocols import Carry, Pilot, World
from understudy.recordings.episode import EpisodeInfo
from understudy.recordings.mcap_writer import McapWriter

BLOCK_TICKS = 600


def record_lockstep(
    world: World,
    pilot: Pilot,
    seeds: UInt64[np.ndarray, " B"],
    files: Sequence[tuple[Path, EpisodeInfo]],
    ticks: int,
    actor: Actor,
    on_ticks: Callable[[int], None],
) -> None:
    """Plays every world for `ticks` ticks and records it, without the pilot's intents.

    Args:
        world: B worlds, in their present state.
        pilot: plays all worlds.
        seeds: of the pilot's sampling, one per world.
        files: for each world the new file and its metadata.
        ticks: length of the recording.
        actor: the pilot's Actor.
        on_ticks: called after each block with the number of ticks done in each world.

    Raises:
        FileExistsError: a recording is never overwritten.
        RecordingError: if the files cannot be written; what was written so far is kept.
    """
    try:
        with ExitStack() as closing:
            writers = []
            for path, info in files:
                writers.append(McapWriter(path, info))
                closing.callback(writers[-1].close)
            carry = pilot.start(seeds)
            for done in range(0, ticks, BLOCK_TICKS):
                length = min(BLOCK_TICKS, ticks - done)
                carry = _record_block(world, pilot, carry, writers, length, actor)
                on_ticks(done + length)
    except FileExistsError:
        raise
    except OSError as problem:
        raise RecordingError(
            f"{files[0][0].parent} could not be written to ({problem.strerror or problem}): make room or choose "
            "another folder; what was recorded before is kept"
        ) from problem


def _record_block(
    world: World, pilot: Pilot, carry: Carry, writers: Sequence[McapWriter], length: int, actor: Actor
) -> Carry:
    observations, actions = _raw(length, len(writers), OBSERVATION), _raw(length, len(writers), ACTION)
    for tick in range(length):
        observation = world.observe()
        # as raw bytes: numpy copies records field by field, 38 us each where the bytes take under one
        observations[tick] = observation.records.view(observations.dtype)
        decision = pilot.decide(observation, carry)
        world.act(decision.action)
        actions[tick] = decision.action.records.view(actions.dtype)
        carry = decision.carry
    actors = np.full(length, actor, np.int8)
    for number, writer in enumerate(writers):
        seen = np.ascontiguousarray(observations[:, number]).view(OBSERVATION)
        writer.append(seen, np.ascontiguousarray(actions[:, number]).view(ACTION), actors)
    return carry


def _raw(length: int, width: int, dtype: np.dtype[Any]) -> np.ndarray:
    return np.empty((length, width), f"V{dtype.itemsize}")
