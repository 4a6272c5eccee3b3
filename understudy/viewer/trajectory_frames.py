"""Renders a trajectory of the simulator as frames, with the pilot's intent over them."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from understudy.contract.profile import Profile
from understudy.viewer.overlay import Overlay
from understudy.worlds.simulator.rendering.renderer import Renderer, pixels_of
from understudy.worlds.simulator.rendering.scene import scene_of


def frames_of_play(
    profile: Profile,
    observations: np.ndarray,
    *,
    states: np.ndarray | None = None,
    intents: np.ndarray | None = None,
    size: tuple[int, int] = (960, 540),
    every: int = 1,
    caption: str = "",
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yields the frames of T ticks of one world.

    Args:
        profile: of the game.
        observations: records of dtype OBSERVATION, shape (T,).
        states: the simulator's records of the same ticks, shape (T,), for exact shots and log lines; without them,
            these are inferred from the changes between observations.
        intents: records of dtype INTENT, shape (T,), drawn over the game.
        size: of the frames in pixels.
        every: draws every n-th tick; 2 halves the number of frames.
        caption: text at the top.
    """
    assert states is None or len(states) == len(observations)
    assert intents is None or len(intents) == len(observations)
    renderer, overlay = Renderer(profile, size), Overlay(profile, size)
    for tick in range(len(observations)):
        if states is not None and tick % every == 0:
            surface = renderer.draw(scene_of(states[tick], observations[tick]))
        elif states is None:  # the tracker needs every tick
            scene = renderer.scene_tracker.update(observations[tick])
            if tick % every:
                continue
            surface = renderer.draw(scene)
        else:
            continue
        if intents is not None:
            overlay.draw(surface, observations[tick], intents[tick], caption)
        yield pixels_of(surface)
