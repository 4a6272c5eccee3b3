"""A short video of a pilot playing the embedded game, with its intent drawn over the picture."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.contract.protocols import Pilot

EVERY = 1
"""Ticks per picture: 20 pictures a second look smooth, at about 0.4 MB per second."""


def shoot(
    pilot: "Pilot", seed: int, start_map: str, seconds: float, path: Path, caption: str = "", skip_s: float = 0.0
) -> None:
    """Plays one world and writes the video.

    Args:
        pilot: the pilot that plays.
        seed: random seed of the world.
        start_map: name of the first map.
        seconds: length of the video, game time.
        path: a .webm file; its folder must exist.
        caption: shown at the top.
        skip_s: seconds of play before the video begins.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # suppresses its greeting in our output

    from understudy.contract.observation import TICK_RATE_HZ
    from understudy.evaluation.rollouts.trajectory import record_trajectory
    from understudy.viewer.trajectory_frames import frames_of_play
    from understudy.viewer.video_writer import write_video
    from understudy.worlds.catalog import load_profile

    trajectory = record_trajectory(pilot, seed, skip_s + seconds, start_map)
    shown = slice(round(skip_s * TICK_RATE_HZ), None)
    frames = frames_of_play(
        load_profile("darkorbit"),
        trajectory.observations.records[shown],
        states=trajectory.states[shown],
        intents=trajectory.intents.records[shown],
        every=EVERY,
        caption=caption,
    )
    write_video(path, frames, TICK_RATE_HZ / EVERY)
