"""Reviewed rollouts: a pilot plays many simulated worlds while a Reviewer requests corrections of its modes.

The Reviewer, the correction log and the requests are those of live play. The simulator waits for each answer, so no
request is ever replaced by a newer one, and a slow provider only makes the rollout take longer.
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
    """Plays B worlds and requests a review of each every `every_s` seconds, at staggered times.

    Args:
        pilot: decides the actions.
        world: B worlds, closed at the end.
        seeds: of the pilot's own randomness, one for each world.
        reviewer: sends the requests and writes the corrections to its log.
        seconds: of game time.
        every_s: seconds between two reviews of the same world.
        pictures: draws the pictures of a request; None where the provider needs none.
        progress: called after each tick with the number of ticks done and the total.

    Returns:
        The corrections that were written, in order; fewer where the provider was exhausted early.
    """
    num_ticks, every = round(seconds * TICK_RATE_HZ), max(1, round(every_s * TICK_RATE_HZ))
    context, carry = ContextWindow(world.num_worlds, world.profile), pilot.start(seeds)
    turns = np.arange(world.num_worlds) * every // world.num_worlds
    written: list[Correction] = []
    try:
        for tick in range(num_ticks):
            observation = world.observe()
            context.append(observation)
            decision = pilot.decide(observation, carry)
            carry = decision.carry
            intents = decision.intent.records
            for number in np.flatnonzero((tick - turns) % every == 0) if tick >= every else ():
                request = _request(observation, intents, int(number), tick, context, pictures)
                correction = reviewer.review(request)
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


def _request(
    observation: Observation,
    intents: np.ndarray,
    number: int,
    tick: int,
    context: ContextWindow,
    pictures: Pictures | None,
) -> ReviewRequest:
    record = observation.records[number : number + 1].copy()
    # Worlds in lockstep share a clock; an offset for each keeps their times distinct in the log.
    record["time_s"] = tick * TICK_S + 1e6 * number
    frames: tuple[bytes, ...] = () if pictures is None else pictures(observation, intents, number)
    return ReviewRequest(
        observation=record,
        mode=int(intents["mode"][number]),
        target_id=int(intents["target_id"][number]),
        window=context.window(number),
        encoding=context.encoding,
        pictures=lambda: frames,
    )
