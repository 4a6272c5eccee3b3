"""What the tests of perception share: pictures of the embedded game with their truth, and a detector that knows it."""

from collections.abc import Iterator

import numpy as np

from understudy.contract.profile import Profile
from understudy.perception.detector import DETECTION
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

PROFILE: Profile = load_profile()
FIRST_WORLD = 2**32 + 900
"""Of the seeds for choosing."""


class Knowing:
    """A Detector that is told what is in the picture: the rest of the eye can be tested without weights."""

    def __init__(self) -> None:
        self.truth = np.zeros(0)

    @property
    def names(self) -> tuple[str, ...]:
        """The profile's kinds."""
        return tuple(kind.name for kind in PROFILE.kinds)

    def detect(self, frame: np.ndarray) -> np.ndarray:
        """The tracks of `truth`, an OBSERVATION record, as detections."""
        tracks = self.truth["tracks"][self.truth["tracks"]["id"] > 0]
        found = np.zeros(len(tracks), DETECTION)
        found["label"], found["confidence"] = tracks["kind"], 0.9
        for name in ("x", "y", "width", "height"):
            found[name] = tracks[name]
        return found


def play(seed: int, ticks: int, start_map: str) -> Iterator[tuple[np.ndarray, np.void]]:
    """Pictures and truths of the hunter's play, tick after tick."""
    seeds = np.array([FIRST_WORLD + seed], np.uint64)
    world, teacher, renderer = Simulator(seeds, start_map), Teacher("hunter", PROFILE), Renderer(PROFILE)
    carry = teacher.start(seeds)
    for _ in range(ticks):
        truth = world.observe().records[0]
        yield renderer.frame(scene_of(world.states[0], truth)), truth
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
