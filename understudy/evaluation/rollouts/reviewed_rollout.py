"""Lets a pilot play the embedded game faster than real time while a critic looks on, in many worlds at once.

The same Reviewer, the same file and the same look as in live play; only the clock is the game's, so nothing is ever
replaced by a newer moment and a slow provider just takes longer.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import UInt64

from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Observation
from understudy.contract.protocols import Pilot, World
from understudy.feedback.correction import Correction
from understudy.feedback.provider import ProviderExhausted
from understudy.feedback.reviewer import Reviewer, ReviewRequest
from understudy.learning.data.context_window import ContextWindow
from understudy.policies.encoder import ENCODING

Pictures = Callable[[Observation, np.ndarray, int], tuple[bytes, ...]]
"""Draws a world's clip: from the observation, records of dtype INTENT and the world's number."""


def review_rollouts(
    pilot: Pilot,
    world: World,
    seeds: UInt64[np.ndarray, " B"],
    reviewer: Reviewer,
    *,
    seconds: float,
    every_s: float = 3.0,
    pictures: Pictures | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Correction]:
    """Plays, and asks about each world every so many seconds, the worlds taking turns.

    Args:
        pilot: who plays.
        world: B worlds, which are closed at the end.
        seeds: of the pilot's own chance, one a world.
        reviewer: asks and writes.
        seconds: of game time.
        every_s: between two looks at the same world.
        pictures: draws what the critic sees; None where it needs no pictures.
        progress: told ticks done and in all.

    Returns:
        What was written, in order; shorter where the critic ended early.
    """
    num_ticks, every = round(seconds * TICK_RATE_HZ), max(1, round(every_s * TICK_RATE_HZ))
    back, carry = ContextWindow(world.num_worlds, world.profile), pilot.start(seeds)
    turns = np.arange(world.num_worlds) * every // world.num_worlds
    written: list[Correction] = []
    try:
        for tick in range(num_ticks):
            observation = world.observe()
            back.append(observation)
            decision = pilot.decide(observation, carry)
            carry = decision.carry
            intents = decision.intent.records
            for number in np.flatnonzero((tick - turns) % every == 0) if tick >= every else ():
                look = _look(observation, intents, int(number), tick, back, pictures)
                correction = reviewer.review(look)
                written += [correction] if correction is not None else []
            world.act(decision.action)
            if progress is not None:
                progress(tick + 1, num_ticks)
    except ProviderExhausted:
        return written
    finally:
        world.close()
        reviewer.log.close()
    return written


def _look(
    observation: Observation,
    intents: np.ndarray,
    number: int,
    tick: int,
    back: ContextWindow,
    pictures: Pictures | None,
) -> ReviewRequest:
    record = observation.records[number : number + 1].copy()
    # Worlds in lockstep share a clock; apart in a file, so that no two moments look like one.
    record["time_s"] = tick * TICK_S + 1e6 * number
    drawn: tuple[bytes, ...] = () if pictures is None else pictures(observation, intents, number)
    return ReviewRequest(
        observation=record,
        mode=int(intents["mode"][number]),
        target_id=int(intents["target_id"][number]),
        window=back.window(number),
        encoding=ENCODING,
        pictures=lambda: drawn,
    )
