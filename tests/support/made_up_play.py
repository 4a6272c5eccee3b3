"""Play of a tiny made-up game, decoded: red squares that move and are clicked, yellow discs that vanish when clicked.

The camera scrolls over stars. A framed panel at the top left holds a green bar that fills to the right.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from tests.support.synthetic_episodes import made_up
from understudy.contract.action import Actor
from understudy.contract.observation import OBSERVATION
from understudy.contract.protocols import InputEvent
from understudy.learning.detector.recorded_clips import RecordedPlay
from understudy.perception.discovery.discovered import SourceRecording
from understudy.perception.discovery.recorded_clip import STEP_S, Press, RecordedClip
from understudy.recordings.episode import Episode
from understudy.recordings.store import write_episode
from understudy.recordings.video.frame_codec import FrameEncoder, choose_encoder
from understudy.recordings.video.video_file_writer import VideoInfo, create_video
from understudy.recordings.video.video_paths import video_path

WIDTH, HEIGHT = 480, 300
PANEL = (4, 4, 120, 40)
BAR = (14, 16, 100, 14)
RED, YELLOW, GREEN = (220, 60, 50), (240, 220, 70), (60, 210, 90)


class TinyGame:
    """The game; `step` draws one frame."""

    def __init__(self, seed: int = 0, *, is_still: bool = False) -> None:
        """With `is_still` the camera stands still over a textured ground."""
        self._scroll = np.zeros(2) if is_still else np.array([3.0, 1.0])
        ground = np.random.default_rng(7).normal(60, 22, (HEIGHT // 4, WIDTH // 4, 3))
        self._ground = cv2.resize(np.clip(ground, 0, 255).astype(np.uint8), (WIDTH, HEIGHT)) if is_still else None
        self._random = np.random.default_rng(seed)
        self.squares = self._random.uniform((130, 60), (460, 280), (5, 2))
        self.motion = self._random.normal(0, 6, (5, 2))
        self.discs = self._random.uniform((130, 60), (460, 280), (5, 2))
        self.stars = self._random.uniform(0, 1, (60, 2)) * (WIDTH, HEIGHT)
        self.level = 0.9

    def frame(self) -> np.ndarray:
        """The window as it is now, RGB."""
        picture = np.full((HEIGHT, WIDTH, 3), 8, np.uint8) if self._ground is None else self._ground.copy()
        for x, y in self.stars.astype(int):
            cv2.circle(picture, (int(x), int(y)), 1, (120, 120, 140), -1)
        for x, y in self.discs:
            cv2.circle(picture, (round(x), round(y)), 9, YELLOW, -1)
        for x, y in self.squares:
            cv2.rectangle(picture, (round(x) - 12, round(y) - 12), (round(x) + 12, round(y) + 12), RED, -1)
            cv2.rectangle(picture, (round(x) - 4, round(y) - 12), (round(x) + 4, round(y)), (250, 250, 250), -1)
        left, top, width, height = PANEL
        cv2.rectangle(picture, (left, top), (left + width, top + height), (30, 40, 60), -1)
        cv2.rectangle(picture, (left, top), (left + width, top + height), (150, 170, 190), 1)
        left, top, width, height = BAR
        cv2.rectangle(picture, (left, top), (left + width - 1, top + height - 1), (16, 18, 22), -1)
        full = round(width * self.level)
        cv2.rectangle(picture, (left, top), (left + full - 1, top + height - 1), GREEN, -1)
        return picture

    def step(self) -> None:
        """Lets STEP_S pass: the camera scrolls, squares move, what leaves the window comes in elsewhere."""
        scroll = self._scroll
        self.stars = (self.stars - scroll) % (WIDTH, HEIGHT)
        self.discs -= scroll
        self.squares += self.motion - scroll
        self.level = float(np.clip(self.level + self._random.normal(0, 0.06), 0.25, 1.0))
        for group in (self.squares, self.discs):
            gone = ((group < (10, 50)) | (group > (WIDTH - 10, HEIGHT - 10))).any(axis=1)
            group[gone] = self._random.uniform((140, 70), (450, 270), (int(gone.sum()), 2))
        turn = self._random.random(5) < 0.05
        self.motion[turn] = self._random.normal(0, 6, (int(turn.sum()), 2))


def shots_and_presses(
    num_frames: int, seed: int, *, is_still: bool = False
) -> tuple[list[tuple[float, np.ndarray, tuple[float, float]]], tuple[Press, ...]]:
    """Time, picture and cursor of each frame, and the presses.

    Every sixth frame something is clicked, squares and discs in turn; a disc vanishes a frame later.
    """
    game, random, presses = TinyGame(seed, is_still=is_still), np.random.default_rng(seed + 1), []
    shots: list[tuple[float, np.ndarray, tuple[float, float]]] = []
    cursor, doomed = np.array([240.0, 150.0]), -1
    for number in range(num_frames):
        time_s = number * STEP_S
        if doomed >= 0:
            game.discs[doomed] = random.uniform((140, 70), (450, 270))
            doomed = -1
        if number % 6 == 5:
            which = int(random.integers(5))
            is_disc = number % 12 == 5
            cursor = (game.discs if is_disc else game.squares)[which].copy()
            presses.append(Press(time_s + 0.05, float(cursor[0] / WIDTH), float(cursor[1] / HEIGHT)))
            doomed = which if is_disc else -1
        shots.append((time_s, game.frame(), (float(cursor[0] / WIDTH), float(cursor[1] / HEIGHT))))
        game.step()
    return shots, tuple(presses)


def made_up_play(num_frames: int = 300, seed: int = 0, *, is_still: bool = False) -> RecordedPlay:
    """Play of `num_frames` x STEP_S, decoded."""
    shots, presses = shots_and_presses(num_frames, seed, is_still=is_still)
    clip = RecordedClip(presses)
    for time_s, picture, at in shots:
        clip.add(time_s, picture, at, regular=True)
    large = []
    for time_s, picture, _ in shots[::4]:
        _, content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
        large.append((time_s, content.tobytes()))
    source = SourceRecording(path="tiny.mcap", sha256="0" * 64, seconds=num_frames * STEP_S)
    return RecordedPlay((clip,), (source,), WIDTH, HEIGHT, tuple(large))


def write_recording(path: Path, num_frames: int = 300, seed: int = 0) -> Path:
    """Writes the same play as a recording with pictures and raw presses; needs PyAV. A tick a frame."""
    shots, presses = shots_and_presses(num_frames, seed)
    base = made_up(num_frames, with_inputs=False)
    observations = np.zeros(num_frames, OBSERVATION)
    observations["time_s"] = [time_s for time_s, _, _ in shots]
    observations["cursor_x"] = [at[0] for _, _, at in shots]
    observations["cursor_y"] = [at[1] for _, _, at in shots]
    info = replace(base.info, perceived=False, world="desktop", window_width=WIDTH, window_height=HEIGHT)
    events = tuple(InputEvent(press.time_s, "press", "left", press.x, press.y) for press in presses)
    actions, actors = np.zeros(num_frames, base.actions.dtype), np.full(num_frames, Actor.PERSON, np.int8)
    path.parent.mkdir(parents=True, exist_ok=True)
    episode = Episode(info=info, observations=observations, actions=actions, actors=actors, inputs=events)
    write_episode(episode, path)
    encoder = choose_encoder("auto")
    coder = FrameEncoder(encoder, WIDTH, HEIGHT, 1 / STEP_S)
    described = VideoInfo(
        recording=path.name, encoder=encoder, video_format=coder.video_format, width=WIDTH, height=HEIGHT
    )
    video = create_video(video_path(path), described)
    for tick, (time_s, picture, _) in enumerate(shots):
        video.append(tick, time_s, time_s, coder.encode(picture))
    video.close()
    return path
