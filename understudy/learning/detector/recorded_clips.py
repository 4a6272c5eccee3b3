"""Reads recordings with pictures for discovery: small frames of each session, and some of full size for the panels."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.observation import Button
from understudy.perception.discovery.discovered import SourceRecording
from understudy.perception.discovery.recorded_clip import Press, RecordedClip, shrink, wanted_frames
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_paths import video_path

NUM_LARGE = 120
"""Frames of full size, of all sessions together."""
MAX_MINUTES = 60.0
"""Limit of play that is looked at; more would only take longer."""
BUTTONS = ("left", "middle", "right")


@dataclass(frozen=True)
class RecordedPlay:
    """All sessions of one game."""

    clips: tuple[RecordedClip, ...]
    sources: tuple[SourceRecording, ...]
    frame_width: int
    frame_height: int
    large: tuple[tuple[float, bytes], ...]
    """Time (of play, over all sessions) and JPEG of frames of full size."""

    def large_frames(self, most_pixels: int) -> np.ndarray:
        """Decodes the large frames, RGB, scaled down to a number of pixels; shape (N, height, width, 3)."""
        scale = min(1.0, (most_pixels / (self.frame_width * self.frame_height)) ** 0.5)
        size = (max(1, round(self.frame_width * scale)), max(1, round(self.frame_height * scale)))
        frames = []
        for _, content in self.large:
            bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
            assert bgr is not None
            small = bgr if scale == 1 else cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
            frames.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        return np.stack(frames).astype(np.uint8) if frames else np.zeros((0, size[1], size[0], 3), np.uint8)


def pictured_recordings(paths: tuple[Path, ...]) -> list[Path]:
    """Returns the recordings with pictures among files and folders.

    Raises:
        NoRecordingsError: if there is no recording.
        RecordingError: if none has pictures.
    """
    found = [recording for path in paths for recording in find_recordings(path)]
    pictured = sorted({path for path in found if video_path(path).is_file()})
    if not pictured:
        raise RecordingError(
            f"{paths[0]} has no pictures: only a recording of a game on the screen that was made with --video has"
        )
    return pictured


def read_play(recordings: list[Path], progress: Callable[[int, int], None] = lambda done, total: None) -> RecordedPlay:
    """Decodes the sessions, in order, up to MAX_MINUTES.

    Raises:
        RecordingError: if one cannot be read, or their windows differ in size.
        MissingExtraError: if PyAV is not installed.
    """
    clips, sources, large, size = [], [], [], None
    begun_s = 0.0
    for number, path in enumerate(recordings):
        episode = read_episode(path)
        with RecordedFrames(video_path(path)) as frames:
            if size not in (None, (frames.info.width, frames.info.height)):
                raise RecordingError(f"{path}: its window has another size than that of {recordings[0]}; give one size")
            size = (frames.info.width, frames.info.height)
            every_s = _spacing(recordings, number, frames)
            shown = lambda share, number=number: progress(round(1000 * (number + share)), 1000 * len(recordings))  # noqa: E731
            clip, shots = _read_clip(episode, frames, every_s, shown)
        clips.append(clip)
        large += [(begun_s + time_s, content) for time_s, content in shots]
        begun_s += episode.duration_s
        sources.append(SourceRecording(path=str(path), sha256=_digest(path), seconds=episode.duration_s))
        if begun_s > 60 * MAX_MINUTES:
            break
    assert size is not None
    if sum(len(clip) for clip in clips) == 0:
        raise RecordingError(f"{recordings[0]}: none of its pictures can be decoded")
    return RecordedPlay(tuple(clips), tuple(sources), *size, tuple(large))


def presses_of(episode: Episode) -> tuple[Press, ...]:
    """Returns the presses of mouse buttons: from the raw events, else from the ticks."""
    raw = [Press(e.time_s, e.x, e.y) for e in episode.inputs if e.kind == "press" and e.code in BUTTONS]
    if not raw:
        rows = episode.observations
        held = rows["button"].astype(np.int64) & int(Button.LEFT | Button.RIGHT | Button.MIDDLE)
        begun = held & ~np.r_[0, held[:-1]]
        raw = [Press(float(row["time_s"]), float(row["cursor_x"]), float(row["cursor_y"])) for row in rows[begun != 0]]
    return tuple(press for press in raw if np.isfinite((press.time_s, press.x, press.y)).all())


def _read_clip(
    episode: Episode, frames: RecordedFrames, every_s: float, progress: Callable[[float], None]
) -> tuple[RecordedClip, list[tuple[float, bytes]]]:
    clip = RecordedClip(presses_of(episode))
    times_s = frames.times_ns / 1e9
    regular, before = wanted_frames(times_s, clip.presses)
    ticks_s = episode.observations["time_s"]
    large: list[tuple[float, bytes]] = []
    for number in np.flatnonzero(regular | before).tolist():
        pixels = frames.frame(number)
        if pixels is None:
            continue
        tick = min(int(np.searchsorted(ticks_s, times_s[number])), len(ticks_s) - 1)
        row = episode.observations[tick]
        cursor = (float(row["cursor_x"]), float(row["cursor_y"]))
        clip.add(float(times_s[number]), shrink(pixels), cursor, regular=bool(regular[number]))
        if regular[number] and (not large or times_s[number] - large[-1][0] >= every_s):
            _, content = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
            large.append((float(times_s[number]), content.tobytes()))
        progress(number / len(times_s))
    return clip, large


def _spacing(recordings: list[Path], number: int, frames: RecordedFrames) -> float:
    """Seconds between large frames, so that there are about NUM_LARGE of all sessions."""
    spans_s = float(np.ptp(frames.times_ns) / 1e9) if len(frames) else 0.0
    return max(0.5, spans_s * len(recordings) / NUM_LARGE)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
