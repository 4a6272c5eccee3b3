"""Recorded pixels and input of the embedded game with their truth, for `discovery.py`; also in other skins.

A recording holds what one of a game on the screen would: pictures, times and the hand's events, and no observation.
The truth lies beside it for judging alone.
"""

import os
from dataclasses import replace
from pathlib import Path

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import cv2
import numpy as np
import pygame

from understudy.contract.action import Actor
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, Button
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode
from understudy.recordings.video.frame_codec import FrameEncoder, choose_encoder
from understudy.recordings.video.video_file_writer import VideoInfo, create_video
from understudy.recordings.video.video_paths import video_path
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import Scene, scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

TRUTH = ("kind", "x", "y", "width", "height")


class Recoloured(Renderer):
    """Everything with red and blue swapped."""

    def frame(self, scene: Scene) -> np.ndarray:
        """A picture whose colour channels are swapped."""
        return np.ascontiguousarray(super().frame(scene)[..., ::-1])


class OneColour(Renderer):
    """All colours of the scene become shades of one hue, so that kinds differ by shape and light alone."""

    def frame(self, scene: Scene) -> np.ndarray:
        """A picture in shades of green."""
        picture = super().frame(scene)
        light = picture.max(axis=2).astype(np.float32)
        return np.stack([0.55 * light, light, 0.6 * light], axis=2).astype(np.uint8)


class Ground:
    """A tile of grass, rocks and bushes, drawn in place of the sky."""

    SIDE = 1024

    def __init__(self, size: tuple[int, int]) -> None:
        self._tile = pygame.image.frombytes(_ground_tile(self.SIDE).tobytes(), (self.SIDE, self.SIDE), "RGB")
        self._size = size

    def paint(self, map_index: int, surface: pygame.Surface) -> None:
        """Nothing to prepare."""

    def draw(self, surface: pygame.Surface, map_index: int, camera_x: float, camera_y: float) -> None:
        """Fills the surface."""
        left, top = -int(camera_x) % self.SIDE - self.SIDE, -int(camera_y) % self.SIDE - self.SIDE
        for x in range(left, self._size[0], self.SIDE):
            for y in range(top, self._size[1], self.SIDE):
                surface.blit(self._tile, (x, y))


def _ground_tile(side: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    across, down = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="xy")
    frequency = np.hypot(across, down) + 1 / side

    def noise(power: float) -> np.ndarray:
        made = np.fft.ifft2(np.fft.fft2(generator.normal(size=(side, side))) * frequency**-power).real
        return np.asarray((made - made.mean()) / made.std())

    coarse, fine = noise(1.4), noise(0.6)
    tile = np.stack([70 + 22 * coarse + 16 * fine, 105 + 26 * coarse + 18 * fine, 48 + 14 * coarse + 12 * fine], 2)
    for _ in range(90):
        x, y, radius = (int(value) for value in generator.integers((0, 0, 6), (side, side, 22)))
        colour = (generator.uniform(30, 150, 3) * (1, 1, 0.8)).tolist()
        axes, turn = (radius, int(radius * generator.uniform(0.6, 1))), float(generator.uniform(0, 180))
        cv2.ellipse(tile, (x, y), axes, turn, 0, 360, colour, -1, cv2.LINE_AA)
    return np.clip(tile, 0, 255).astype(np.uint8)


def make_renderer(skin: str, size: tuple[int, int]) -> Renderer:
    """Returns the game's painter in one of its skins: plain, recoloured, one_colour, textured."""
    profile = load_profile()
    if skin == "recoloured":
        return Recoloured(profile, size)
    if skin == "one_colour":
        return OneColour(profile, size)
    renderer = Renderer(profile, size)
    if skin == "textured":
        renderer._background = Ground(size)  # type: ignore[assignment]
    return renderer


def record(path: Path, seed: int, start_map: str, seconds: float, skin: str, size: tuple[int, int]) -> None:
    """Records the hunter's play in one world, and the truth of every picture beside it as .truth.npz."""
    profile, renderer, one = load_profile(), make_renderer(skin, size), np.array([seed], np.uint64)
    teacher, world = Teacher("hunter", profile), Simulator(one, start_map)
    carry, num_ticks = teacher.start(one), round(seconds * TICK_RATE_HZ)
    encoder = choose_encoder("auto")
    coder = FrameEncoder(encoder, *size)
    path.parent.mkdir(parents=True, exist_ok=True)
    info = replace(
        describe(profile, pilot="person", world="desktop"),
        perceived=False,
        window_width=size[0],
        window_height=size[1],
    )
    described = VideoInfo(
        recording=path.name, encoder=encoder, video_format=coder.video_format, width=size[0], height=size[1]
    )
    video = create_video(video_path(path), described)
    observations, actions = np.zeros(num_ticks, OBSERVATION), []
    events: list[InputEvent] = []
    truths: list[np.ndarray] = []
    was = 0
    for tick in range(num_ticks):
        truth = world.observe().records[0]
        time_s = tick / TICK_RATE_HZ
        observations["time_s"][tick] = time_s
        for name in ("cursor_x", "cursor_y", "button", "keys"):
            observations[name][tick] = truth[name]
        video.append(tick, time_s, time_s, coder.encode(renderer.frame(scene_of(world.states[0], truth))))
        tracks = truth["tracks"][truth["tracks"]["id"] > 0]
        truths.append(np.stack([np.full(len(tracks), tick), *(tracks[name] for name in TRUTH)], 1).astype(np.float32))
        decision = teacher.decide(world.observe(), carry)
        carry, action = decision.carry, decision.action.records[0].copy()
        actions.append(action)
        place = (float(action["cursor_x"]), float(action["cursor_y"]))
        events.append(InputEvent(time_s, "move", "", *place))
        for bit, name in ((Button.LEFT, "left"), (Button.RIGHT, "right")):
            if (int(action["button"]) ^ was) & bit:
                kind = "press" if int(action["button"]) & bit else "release"
                events.append(InputEvent(time_s, kind, name, *place))
        was = int(action["button"])
        world.act(decision.action)
    video.close()
    episode = Episode(
        info=info,
        observations=observations,
        actions=np.array(actions, actions[0].dtype),
        actors=np.full(num_ticks, Actor.PERSON, np.int8),
        inputs=tuple(events),
    )
    write_episode(episode, path)
    np.savez_compressed(path.with_suffix(".truth.npz"), tracks=np.concatenate(truths))
