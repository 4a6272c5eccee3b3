"""What recorded pictures cost: the encoder's time a picture, bytes an hour, decoding, and late ticks of the loop.

    python benchmarks/video.py                  # about three minutes
    python benchmarks/video.py --smallest       # half a minute: one encoder, one size

Pictures are rendered from the hunter's play in the embedded game: a sky that scrolls all the time, which is more than
most games ask of an encoder. Encoder and loop are timed together, in real time at 20 Hz, the pictures handed over as a
live recording does; the encoder's time is CPU time of its own thread.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from understudy.contract.action import ACTION, Action, Actor
from understudy.contract.errors import RecordingError
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_S, empty_observation
from understudy.contract.protocols import Step
from understudy.recordings.episode import describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.video.frame_codec import is_installed
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_recorder import PictureSource, VideoCounts, picture_source
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

SIZES = ((1280, 720), (1920, 1080))
ENCODERS = ("libopenh264", "libvpx-vp9", "libx264")
LATE_S = 0.005


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    smallest: bool = False
    """One encoder, one size, three seconds."""
    seconds: float = 10.0
    """Of play for each line."""


@dataclass(frozen=True)
class Shot:
    """A captured picture."""

    pixels: np.ndarray
    time_s: float


def main(settings: Settings) -> None:
    """Prints one line for each size and encoder."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    if not is_installed():
        print("PyAV is not installed, so nothing is measured: pip install 'understudy[video]'")
        return
    sizes = SIZES[:1] if settings.smallest else SIZES
    seconds = 3.0 if settings.smallest else settings.seconds
    for size in sizes:
        pictures = rendered(size, round(seconds / TICK_S))
        print(f"{size[0]} x {size[1]}, load {os.getloadavg()[0]:.1f}", flush=True)
        without = play(pictures, None)[1]
        print(f"  no video:     {lateness(without)}", flush=True)
        for encoder in ("auto",) if settings.smallest else ENCODERS:
            try:
                source = picture_source(lambda: None, encoder)
            except RecordingError as problem:
                print(f"  {encoder}: {problem}")
                continue
            measure(pictures, source)


def rendered(size: tuple[int, int], count: int) -> list[np.ndarray]:
    """Pictures of the hunter's play."""
    profile, seeds = load_profile(), np.array([77], np.uint64)
    world, teacher, renderer = Simulator(seeds, "1-1"), Teacher("hunter", profile), Renderer(profile, size)
    carry, pictures = teacher.start(seeds), []
    for _ in range(count):
        pictures.append(renderer.frame(scene_of(world.states[0], world.observe().records[0])).copy())
        decision = teacher.decide(world.observe(), carry)
        carry = decision.carry
        world.act(decision.action)
    return pictures


def measure(pictures: list[np.ndarray], source: PictureSource) -> None:
    """One line of figures."""
    with tempfile.TemporaryDirectory() as name:
        counts, late_s, path = play(pictures, source, Path(name))
        size = path.stat().st_size
        with RecordedFrames(path) as frames:
            cpu_s = time.process_time()
            errors = [np.square(pixels.astype(np.float32) - pictures[tick]).mean() for tick, pixels in sampled(frames)]
            decoding_s = time.process_time() - cpu_s
    hours = len(pictures) * TICK_S / 3600 * counts.num_stored / len(pictures)
    encoding_ms, decoding_ms = (1000 * spent_s / counts.num_stored for spent_s in (counts.encoding_s, decoding_s))
    print(
        f"  {source.encoder + ':':13s} {encoding_ms:.1f} ms a picture, {size / 1e6 / hours:.0f} MB an hour, "
        f"PSNR {10 * np.log10(255**2 / np.mean(errors)):.1f} dB, read back in {decoding_ms:.1f} ms, "
        f"{counts.num_dropped} of {len(pictures)} dropped; {lateness(late_s)}",
        flush=True,
    )


def sampled(frames: RecordedFrames) -> list[tuple[int, np.ndarray]]:
    """Every tenth picture that is there, by the number of its tick; all are decoded."""
    ticks = np.rint((frames.times_ns - frames.times_ns[0]) / 1e9 / TICK_S).astype(int)
    return [(int(ticks[number]), pixels) for number, pixels in frames.play() if number % 10 == 0]


def play(
    pictures: list[np.ndarray], source: PictureSource | None, folder: Path | None = None
) -> tuple[VideoCounts, np.ndarray, Path]:
    """Records in real time; how many pictures were stored, by how much each tick was late, and the video's path."""
    with tempfile.TemporaryDirectory() as name:
        recording = (folder or Path(name)) / "one.mcap"
        recorder = Recorder(recording, describe(load_profile(), pilot="person", world="desktop"))
        video = None if source is None else source.begin(recording)
        late_s = np.zeros(len(pictures))
        began_s = time.perf_counter()
        for tick, pixels in enumerate(pictures):
            due_s = began_s + tick * TICK_S
            time.sleep(max(0.0, due_s - time.perf_counter()))
            late_s[tick] = time.perf_counter() - due_s
            observation = empty_observation(1)
            observation.records["time_s"] = 1000 + tick * TICK_S
            action = Action(np.zeros(1, ACTION))
            recorder.on_step(Step(tick, observation, action, no_intent(1), np.full(1, Actor.PERSON, np.int8)))
            if video is not None:
                video.take(tick, 1000 + tick * TICK_S, Shot(pixels, 1000 + tick * TICK_S))
        recorder.close()
        if video is None:
            return VideoCounts(), late_s, recording
        video.stop()
        return video.counts, late_s, video.path


def lateness(late_s: np.ndarray) -> str:
    """In words."""
    p50, p99 = 1000 * np.percentile(late_s, (50, 99))
    return f"ticks late by ms {p50:.2f} / {p99:.2f} (p50 / p99), {(late_s > LATE_S).mean():.1%} by over 5 ms"


if __name__ == "__main__":
    main(tyro.cli(Settings))
