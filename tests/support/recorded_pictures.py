"""Pictures for the tests of recorded video, and an encoder that needs no package: it keeps a picture's first bytes."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.rendered_scenes import play
from tests.support.synthetic_episodes import made_up, steps_of
from understudy.contract.action import Actor
from understudy.contract.observation import OBSERVATION
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import write_episode
from understudy.recordings.video.frame_codec import EncodedFrame, is_installed
from understudy.recordings.video.video_recorder import Picture, PictureSource, VideoRecorder, picture_source

needs_pyav = pytest.mark.skipif(
    not is_installed(), reason="PyAV is not installed: pip install 'understudy[video]' to test real encoding"
)


@dataclass(frozen=True)
class Shot:
    """A Picture."""

    pixels: np.ndarray
    time_s: float


class ByteEncoder:
    """An Encoder that stores four bytes a picture, each a keyframe; may be slow, or fail."""

    video_format = "h264"

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self.num_frames = 0

    def encode(self, pixels: np.ndarray) -> EncodedFrame:
        self.num_frames += 1
        return EncodedFrame(b"\x00\x00\x01\x65" + pixels[0, 0].tobytes(), True)


def shot(number: int, time_s: float, size: tuple[int, int] = (64, 48)) -> Shot:
    """A small picture of one colour that tells its number."""
    pixels = np.full((size[1], size[0], 3), (number % 250, 0, 0), np.uint8)
    return Shot(pixels, time_s - 0.002)


class Camera:
    """What perception saw last, a new picture for each call."""

    def __init__(self) -> None:
        self.num_taken = 0

    def latest(self) -> Picture:
        self.num_taken += 1
        return shot(self.num_taken - 1, 0.0)


def byte_pictures(**settings: object) -> PictureSource:
    """A source whose encoder needs no package."""
    given: dict[str, object] = {"latest": Camera().latest, "encoder": "bytes", "open_encoder": ByteEncoder} | settings
    return PictureSource(**given)  # type: ignore[arg-type]


def record(path: Path, num_ticks: int, pictures: PictureSource) -> Recorder:
    """Records ticks of a made-up episode as fast as they come."""
    episode = made_up(num_ticks)
    recorder = Recorder(path, episode.info, pictures=pictures)
    for step in steps_of(episode):
        recorder.on_step(step)
    return recorder


def rendered(num_pictures: int, skipped: int = 0) -> list[np.ndarray]:
    """Pictures of the embedded game, 1280 x 720."""
    frames = [frame for frame, _ in play(3, skipped + num_pictures, "1-1")]
    return [frame.copy() for frame in frames[skipped:]]


def rendered_recording(path: Path, num_ticks: int, *, perceived: bool = True, skipped: int = 60) -> Path:
    """A recording of the embedded game's rendered pictures with its video; needs PyAV.

    Its observations know only time and input: as `--perceive later` leaves them.
    """
    observations = np.zeros(num_ticks, OBSERVATION)
    observations["time_s"] = 100 + np.arange(num_ticks) / 20
    observations["cursor_x"], observations["cursor_y"] = 0.3, 0.4
    base = made_up(num_ticks, with_inputs=False)
    info = replace(base.info, perceived=perceived, world="desktop")
    actions = np.zeros(num_ticks, base.actions.dtype)
    marks = (InputEvent(100.5, "mark", "wrong", 0.3, 0.4),)
    actors = np.full(num_ticks, Actor.PERSON, np.int8)
    episode = Episode(info=info, observations=observations, actions=actions, actors=actors, inputs=marks)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_episode(episode, path)
    video = picture_source(lambda: None).begin(path)
    for tick, pixels in enumerate(rendered(num_ticks, skipped)):
        video.take(tick, float(observations["time_s"][tick]), Shot(pixels, 0.0))
        wait_until_idle(video)
    video.stop()
    assert video.counts.num_stored == num_ticks
    return path


def wait_until_idle(video: VideoRecorder) -> None:
    """Returns when the encoder has taken what waited, so that nothing is dropped."""
    end = time.perf_counter() + 30
    while not video._queue.empty():
        assert time.perf_counter() < end
        time.sleep(0.001)
