"""Takes, as on a film set: a person starts and stops, then keeps what went well or throws it away.

A take is written as it is played, crash-safe, into a folder of its own; saving moves it to where training looks. So
what was not saved is never trained from, and what was not saved before a crash is not lost.
"""

from collections.abc import Callable
from pathlib import Path

from understudy.contract.errors import RecordingError
from understudy.contract.protocols import Step
from understudy.recordings.episode import EpisodeInfo
from understudy.recordings.recorder import Recorder, create_recorder, move_to_folder, recording_name
from understudy.recordings.video.video_recorder import PictureSource, VideoCounts, VideoRecorder


class TakeRecorder:
    """A Listener that records only between `start` and `stop`. Belongs to the thread that runs the session."""

    def __init__(
        self,
        folder: Path,
        unsaved: Path,
        describe: Callable[[], EpisodeInfo],
        prefix: str = "recording",
        pictures: PictureSource | None = None,
    ) -> None:
        """Args:
        folder: for what is saved.
        unsaved: for what is not saved yet.
        describe: what is to be said of a take that begins now.
        prefix: of the files' names.
        pictures: what is seen, where it is to be kept beside the ticks.
        """
        self._folder, self._unsaved, self._describe, self._prefix = folder, unsaved, describe, prefix
        self._pictures = pictures
        self._videos: list[VideoRecorder] = []
        self._recorder: Recorder | None = None
        self._kept: list[Recorder] = []
        self._failures: list[str] = []
        self.saved: list[Path] = []
        """Everything that was saved so far."""

    @property
    def is_running(self) -> bool:
        """Whether steps are being recorded."""
        return self._recorder is not None

    @property
    def num_waiting(self) -> int:
        """Takes that are neither saved nor discarded, with the one that runs."""
        return len(self._kept) + self.is_running

    @property
    def num_ticks(self) -> int:
        """Ticks of all takes that are neither saved nor discarded."""
        running = [] if self._recorder is None else [self._recorder]
        return sum(recorder.num_ticks for recorder in (*self._kept, *running))

    @property
    def failure(self) -> str | None:
        """Why the running take ended by itself; None while all is well."""
        return None if self._recorder is None else self._recorder.failure

    @property
    def video_counts(self) -> VideoCounts:
        """What became of the pictures of all takes."""
        return sum((video.counts for video in self._videos), VideoCounts())

    @property
    def failures(self) -> tuple[str, ...]:
        """What went wrong with all takes so far, also those that were saved."""
        running = [self.failure] if self.failure is not None else []
        return (*self._failures, *running)

    def start(self) -> None:
        """Begins a take; nothing if one runs.

        Raises:
            RecordingError: if it cannot be written.
        """
        if self._recorder is None:
            name = recording_name(self._prefix)
            self._recorder = create_recorder(self._unsaved, name, self._describe(), pictures=self._pictures)
            if self._recorder.video is not None:
                self._videos.append(self._recorder.video)

    def stop(self) -> None:
        """Ends the take; it waits to be saved or discarded."""
        if self._recorder is not None:
            self._recorder.save()  # a whole file, in the folder of the unsaved
            if self._recorder.failure is not None:
                self._failures.append(self._recorder.failure)
            self._kept.append(self._recorder)
            self._recorder = None

    def save(self) -> list[Path]:
        """Ends the take and moves all that wait to where training looks; gives their new paths.

        Raises:
            RecordingError: if one cannot be moved; it and what came after it still wait.
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
        """Ends the take and deletes all that wait; gives how many."""
        self.stop()
        num_discarded = len(self._kept)
        for recorder in self._kept:
            recorder.discard()
        self._kept.clear()
        return num_discarded

    def on_step(self, step: Step) -> None:
        """Records the step, if a take runs."""
        if self._recorder is not None:
            self._recorder.on_step(step)

    def close(self) -> None:
        """The session is over: the take ends, and what was not saved stays where it is."""
        self.stop()

    @property
    def left_over(self) -> tuple[Path, ...]:
        """Paths of what is neither saved nor discarded."""
        return tuple(recorder.path for recorder in self._kept)
