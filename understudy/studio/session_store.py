"""Sessions that the studio has open: their views, the policies' intents on request, and their recorded pictures."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from understudy.contract.errors import FlagError, RecordingError, UnderstudyError
from understudy.recordings.store import require_perceived
from understudy.recordings.video.recorded_frames import RecordedFrames, open_frames
from understudy.studio.recording_index import RecordingIndex, RecordingRow
from understudy.studio.session_view import SessionView
from understudy.viewer.annotated_clip import jpeg

KEPT_VIEWS, KEPT_VIDEOS = 2, 2
PICTURE_WIDTH = 960
"""Pictures are made no wider than this, pixels."""


@dataclass
class Thinking:
    """Progress of computing the policies' intents of one session."""

    total: int
    done: int = 0
    problem: str = ""
    thread: threading.Thread | None = field(default=None, repr=False)


class SessionStore:
    """Open sessions. May be used by several threads."""

    def __init__(self, index: RecordingIndex, models: Path) -> None:
        self._index, self._models = index, models
        self._lock, self._video_lock = threading.RLock(), threading.Lock()
        self._views: OrderedDict[tuple[str, int], SessionView] = OrderedDict()
        self._videos: OrderedDict[tuple[str, int], RecordedFrames] = OrderedDict()
        self._intents: dict[str, np.ndarray] = {}
        self._thinking: dict[str, Thinking] = {}

    def view(self, row: RecordingRow) -> SessionView:
        """Returns the view of a session.

        Raises:
            RecordingError: if it cannot be read, is empty, or was not perceived yet.
        """
        stamp = (row.key, row.path.stat().st_mtime_ns)
        with self._lock:
            if stamp not in self._views:
                episode = self._index.episode(row)
                require_perceived(row.path, episode)
                if not len(episode):
                    raise RecordingError(f"{row.path} holds not one whole tick.")
                intents = self._intents.get(row.key)
                fits = intents is not None and len(intents) == len(episode)
                self._views[stamp] = SessionView(episode, intents if fits else None)
                while len(self._views) > KEPT_VIEWS:
                    self._views.popitem(last=False)
            self._views.move_to_end(stamp)
            return self._views[stamp]

    def think(self, row: RecordingRow) -> None:
        """Begins to compute what the policies in the studio's folder would have meant at each tick.

        Raises:
            FlagError: if that is under way already.
            CheckpointError: if there are no usable policies.
        """
        from understudy.runtime.hierarchical_policy import load_hierarchy
        from understudy.runtime.process_replay import intents_of

        view = self.view(row)
        with self._lock:
            if any(one.thread is not None and one.thread.is_alive() for one in self._thinking.values()):
                raise FlagError("The policies think over a session already: wait until they have finished.")
            progress = self._thinking[row.key] = Thinking(total=len(view))
        hierarchy = load_hierarchy(self._models, view.episode.info.profile)

        def run() -> None:
            try:
                intents = intents_of(view.episode, hierarchy, lambda done: setattr(progress, "done", done))
            except UnderstudyError as problem:
                progress.problem = str(problem)
                return
            with self._lock:
                self._intents = {row.key: intents}
                self._views = OrderedDict((key, one) for key, one in self._views.items() if key[0] != row.key)
                progress.done = progress.total

        progress.thread = threading.Thread(target=run, name="thinking", daemon=True)
        progress.thread.start()

    def thinking(self, key: str) -> Thinking | None:
        """Returns the progress of `think`; None if it was not asked for."""
        return self._thinking.get(key)

    def picture(self, row: RecordingRow, tick: int, *, exact: bool) -> tuple[bytes, int] | None:
        """Returns the recorded picture of a tick as JPEG, and the tick that it shows; None where there is none.

        Args:
            row: the recording.
            tick: 0..T-1.
            exact: False takes the keyframe before it (within 2 s), which one decoding gives: for fast seeking.

        Raises:
            RecordingError: if the video cannot be read.
            MissingExtraError: if the decoder is not installed.
        """
        times = self.view(row).episode.observations["time_s"]
        if not row.has_video or not 0 <= tick < len(times):
            return None
        with self._video_lock:
            frames = self._frames(row)
            if frames is None:
                return None
            number = frames.number_at(float(times[tick]))
            if number is None:
                return None
            number = number if exact else frames.keyframe_before(number)
            pixels = frames.frame(number)
            if pixels is None:
                return None
            shown = int(np.searchsorted(times, frames.times_ns[number] / 1e9 - 1e-6))
            return jpeg(_narrowed(pixels)), shown

    def _frames(self, row: RecordingRow) -> RecordedFrames | None:
        stamp = (row.key, row.path.stat().st_mtime_ns)
        if stamp not in self._videos:
            frames = open_frames(row.path)
            if frames is None:
                return None
            self._videos[stamp] = frames
            while len(self._videos) > KEPT_VIDEOS:
                self._videos.popitem(last=False)[1].close()
        self._videos.move_to_end(stamp)
        return self._videos[stamp]

    def forget(self, key: str) -> None:
        """Closes what is open of a recording, because its files change or move."""
        with self._lock, self._video_lock:
            self._views = OrderedDict((stamp, view) for stamp, view in self._views.items() if stamp[0] != key)
            for stamp in [each for each in self._videos if each[0] == key]:
                self._videos.pop(stamp).close()
            self._intents.pop(key, None)
            self._thinking.pop(key, None)

    def close(self) -> None:
        """Closes the videos. May be called twice."""
        with self._video_lock:
            for frames in self._videos.values():
                frames.close()
            self._videos.clear()


def _narrowed(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    if width <= PICTURE_WIDTH:
        return pixels
    size = (PICTURE_WIDTH, round(height * PICTURE_WIDTH / width))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
