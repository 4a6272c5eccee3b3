"""How fast the embedded game is drawn: `python benchmarks/drawing.py`, about a minute on one core.

CPU time a picture over a minute of a teacher's play on each map, pixels read back, at three sizes; the pictures that
were the first to need a sprite or a sky are counted apart, because they paint it. Then the video's encoder.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import cv2
import numpy as np
from smallest import flags

from understudy.evaluation.rollouts.trajectory import Trajectory, record_trajectory
from understudy.viewer.video_writer import write_video
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher

SIZES = ((640, 360), (960, 540), (1280, 720), (1920, 1080))
ENCODED = 100
"""Pictures."""


def times(footages: list[Trajectory], size: tuple[int, int]) -> np.ndarray:
    """CPU seconds of each picture, twice through the same play: shape (2, pictures)."""
    renderer = Renderer(load_profile(), size)
    passes = []
    for _ in range(2):
        spent = []
        for trajectory in footages:
            for state, observation in zip(trajectory.states, trajectory.observations.records, strict=True):
                start = time.process_time()
                renderer.frame(scene_of(state, observation))
                spent.append(time.process_time() - start)
        passes.append(spent)
    return np.array(passes)


def main() -> None:
    """Prints the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of play on each map")
    asked = parser.parse_args(flags("--seconds", "0.2"))
    cv2.setNumThreads(1)
    profile = load_profile()
    footages = [
        record_trajectory(Teacher("hunter", profile), seed, asked.seconds, name)
        for seed, name in enumerate(profile.maps)
    ]
    print(
        "| size | CPU ms a picture, p50 | p95 | pictures a CPU-second | painting at first use, s | longest of it, ms |"
    )
    print("|---|---|---|---|---|---|")
    for size in SIZES:
        first, second = times(footages, size)
        p50, p95 = 1000 * np.percentile(second, [50, 95])
        painting = first.sum() - second.sum()
        rate = 1 / second.mean()
        name = f"{size[0]} x {size[1]}"
        print(f"| {name} | {p50:.2f} | {p95:.2f} | {rate:.0f} | {painting:.1f} | {1000 * first.max():.0f} |")
    for size in ((960, 540), (1280, 720)):
        renderer = Renderer(profile, size)
        play = zip(footages[0].states[:ENCODED], footages[0].observations.records[:ENCODED], strict=True)
        frames = [renderer.frame(scene_of(state, observation)) for state, observation in play]
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            write_video(Path(folder) / "x.webm", frames, 20)
        spent_ms = 1000 * (time.process_time() - start) / len(frames)
        print(f"encoding {size[0]} x {size[1]}: {spent_ms:.1f} CPU ms a frame")


if __name__ == "__main__":
    main()
