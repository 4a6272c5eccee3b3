"""Recorder of takes: a person starts and stops recording during a session, then saves or discards each take.

A take is written crash-safe into a folder for unsaved takes; saving moves it to the folder that training reads. So
unsaved takes are never trained from, and are not lost in a crash.
"""

from collections.abc import Callable
from pathlib import Path

from understudy.contract.errors import RecordingError
from understudy.contract.protocols import Step
from understudy.recordings.episode import EpisodeInfo
from understudy.recordings.recorder import Recorder, create_recorder, move_to_folder, recording_name
from understudy.recordings.video.video_recorder import PictureSource, VideoCounts, VideoRecorder


class TakeRecorder:
    """A Listener that records only between `start` and `stop`. Used by the thread that runs the session."""

    def __init__(
        self,
        folder: Path,
        unsaved: Path,
        describe: Callable[[], EpisodeInfo],
        prefix: str = "recording",
        pictures: PictureSource | None = None,
    ) -> None:
        """Args:
        folder: for saved takes.
        unsaved: folder for takes that are not saved yet.
        describe: returns the metadata of a take that begins now.
        prefix: of the file names.
        pictures: source of frames for a video beside the ticks; None for no video.
        """
        self._folder, self._unsaved, self._describe, self._prefix = folder, unsaved, describe, prefix
        self._pictures = pictures
        self._videos: list[VideoRecorder] = []
        self._recorder: Recorder | None = None
        self._kept: list[Recorder] = []
        self._failures: list[str] = []
        self.saved: list[Path] = []
        """Paths of all saved takes."""

    @property
    def is_running(self) -> bool:
        """Whether a take is running."""
        return self._recorder is not None

    @property
    def num_waiting(self) -> int:
        """Number of takes that are neither saved nor discarded, including the running one."""
        return len(self._kept) + self.is_running

    @property
    def num_ticks(self) -> int:
        """Number of ticks of all takes that are neither saved nor discarded."""
        running = [] if self._recorder is None else [self._recorder]
        return sum(recorder.num_ticks for recorder in (*self._kept, *running))

    @property
    def failure(self) -> str | None:
        """Error that ended the running take; None without one."""
        return None if self._recorder is None else self._recorder.failure

    @property
    def video_counts(self) -> VideoCounts:
        """Counts of written and dropped frames over all takes."""
        return sum((video.counts for video in self._videos), VideoCounts())

    @property
    def failures(self) -> tuple[str, ...]:
        """Errors of all takes so far, saved ones included."""
        running = [self.failure] if self.failure is not None else []
        return (*self._failures, *running)

    def start(self) -> None:
        """Starts a take; no effect while one is running.

        Raises:
            RecordingError: if it cannot be written.
        """
        if self._recorder is None:
            name = recording_name(self._prefix)
            self._recorder = create_recorder(self._unsaved, name, self._describe(), pictures=self._pictures)
            if self._recorder.video is not None:
                self._videos.append(self._recorder.video)

    def stop(self) -> None:
        """Ends the take, which can then be saved or discarded."""
        if self._recorder is not None:
            self._recorder.save()  # a complete file, in the folder of unsaved takes
            if self._recorder.failure is not None:
                self._failures.append(self._recorder.failure)
            self._kept.append(self._recorder)
            self._recorder = None

    def save(self) -> list[Path]:
        """Ends the take and moves all unsaved takes to the folder of saved ones; returns their new paths.

        Raises:
            RecordingError: if one cannot be moved; it and later takes stay unsaved.
        """
        self.stop()
        moved: list[Path] = []
        try:
            while self._kept:
                recorder = self._kept[0]
                if recorder.num_ticks == 0:
                    recorder.discard()
                else:
                    moved.append(move_to_folder(recorder.path, self._folder))
                del self._kept[0]
        except OSError as problem:
            raise RecordingError(
                f"{recorder.path} could not be moved to {self._folder} ({problem.strerror or problem}): it is kept "
                "where it is"
            ) from problem
        finally:
            self.saved += moved
        return moved

    def discard(self) -> int:
        """Ends the take and deletes all unsaved takes; returns their number."""
        self.stop()
        num_discarded = len(self._kept)
        for recorder in self._kept:
            recorder.discard()
        self._kept.clear()
        return num_discarded

    def on_step(self, step: Step) -> None:
        """Records the step if a take is running."""
        if self._recorder is not None:
            self._recorder.on_step(step)

    def close(self) -> None:
        """Ends the take with the session; unsaved takes stay in their folder."""
        self.stop()

    @property
    def left_over(self) -> tuple[Path, ...]:
        """Returns the paths of takes that are neither saved nor discarded."""
        return tuple(recorder.path for recorder in self._kept)
