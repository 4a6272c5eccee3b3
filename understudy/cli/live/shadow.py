"""The guide's --shadow-train: learns from a person who plays in the game's window, and sends no input to it."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from understudy.cli.live.human_game import HumanGame
    from understudy.cli.live.run import Run
    from understudy.cli.live.shadow_console import ShadowConsole
    from understudy.cli.show.terminal import Console
    from understudy.contract.protocols import InputEvent, Listener, Step
    from understudy.learning.shadow.listener import ShadowTrainer
    from understudy.recordings.recorder import Recorder

LOGS = Path("logs/shadow")
EMPTY_S, UNTAUGHT_S = 10.0, 60.0
"""Seconds after which an empty buffer is diagnosed; seconds after its start in which the learner must have samples."""
STILL_WRITTEN_S = 10.0
"""A recording that changed within this many seconds may belong to a running session."""

_log = logging.getLogger(__name__)


def run_shadow(command: "Run") -> int | None:
    """Runs shadow learning until the window is closed, and prints a summary."""
    import os

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from understudy.cli.show.terminal import Console

    console = Console(soft_wrap=True)
    console.print("Starting ...")  # before the imports that take a while
    from understudy.cli.live.desktop import ending_by_signals
    from understudy.cli.live.human_game import open_place
    from understudy.recordings.recorder import recording_name

    _expect_weights(command.models)
    if command.test_mode:
        console.print("--test_mode changes nothing here: --shadow-train never sends anything.", highlight=False)
    session = recording_name("shadow_recording")
    place = open_place(command, lambda line: console.print(f"[SHADOW] {line}", highlight=False, markup=False))
    try:
        with ending_by_signals():
            return _watch(command, place, session, console)
    finally:
        place.world.close()


def _expect_weights(models: Path) -> None:
    """Checks the weights before the session; the learner would find a fault much later.

    Raises:
        CheckpointError: if there are no usable weights to begin with.
    """
    from understudy.policies.checkpoint import BEST, load_checkpoint
    from understudy.policies.encoder import ENCODING

    load_checkpoint(models / "executor" / BEST, "executor", ENCODING)


def _watch(command: "Run", place: "HumanGame", session: str, console: "Console") -> int | None:
    """Runs the session with trainer and recorder, and closes them."""
    import os

    from understudy.cli.live.shadow_console import ShadowConsole
    from understudy.contract.action import Actor
    from understudy.contract.observation import TICK_RATE_HZ
    from understudy.learning.shadow.listener import ShadowTrainer
    from understudy.runtime.session import Session

    teller = ShadowConsole(console, command.shadow_lr, _log.isEnabledFor(logging.DEBUG))
    for mended in mend_pickles(command.out) if command.save_recordings else ():
        teller.notify(f"Written after a session that was killed: {mended}")
    recorder = _recorder(command, place, session, teller.notify) if command.save_recordings else None
    trainer = ShadowTrainer(
        command.models / "executor",
        place.world.profile,
        teller.hear,
        learning_rate=command.shadow_lr,
        session=session.removeprefix("shadow_recording_"),
        logs=LOGS,
    )
    teller.begin()
    place.show(teller.lines)
    listeners: tuple[Listener, ...] = (trainer,) if recorder is None else (recorder, trainer)
    play = Session(
        place.world,
        place.person,
        listeners,
        actor=Actor.PERSON,
        take_inputs=lambda: (*teller.bookmarks.take(), *place.seat.take_inputs()),
    )
    check, parent = EmptyCheck(trainer, place, teller), os.getppid()
    num_ticks = None if command.minutes is None else max(1, round(command.minutes * 60 * TICK_RATE_HZ))
    interrupted = False
    try:
        play.run(num_ticks, until=lambda step: _is_over(step, check, place) or os.getppid() != parent)
    except KeyboardInterrupt:
        interrupted = True
    _sum_up(teller, trainer, recorder, console)
    return EXIT_INTERRUPTED if interrupted else None


def _recorder(command: "Run", place: "HumanGame", session: str, notify: Callable[[str], None]) -> "Recorder":
    from dataclasses import replace

    from understudy.cli.live.video_choice import recorded_pictures
    from understudy.recordings.episode import describe
    from understudy.recordings.recorder import create_recorder

    on_screen = command.world == "desktop"
    info = describe(
        place.world.profile,
        pilot="person",
        world=command.world,
        seed=None if on_screen else command.seed,
        start_map=command.map,
    )
    info = replace(info, window_width=place.size[0], window_height=place.size[1])
    pictures = recorded_pictures(command.video_choice, place.world, notify)
    return create_recorder(command.out, session, info, also_pickle=True, pictures=pictures)


def _sum_up(teller: "ShadowConsole", trainer: "ShadowTrainer", recorder: "Recorder | None", console: "Console") -> None:
    notify = teller.notify
    notify(f"Over: {trainer.num_updates} updates, {trainer.worker.num_restarts} restarts of the learner")
    if recorder is None:
        return
    if recorder.failure is not None:
        notify(f"Recording ended early: {recorder.failure}")
        return
    add_events(recorder.path, teller.bookmarks.take())
    name = recorder.path.with_suffix(".pkl").name
    notify(f"Recorded: {recorder.path} and {name}, {len(teller.bookmarks)} bookmarks")


def add_events(recording: Path, late: "tuple[InputEvent, ...]") -> None:
    """Adds events that arrived after the last tick to a recording and its .pkl."""
    from dataclasses import replace

    from understudy.recordings.store import read_episode, write_episode

    if late:
        episode = read_episode(recording)
        inputs = tuple(sorted((*episode.inputs, *late), key=lambda event: event.time_s))
        for path in (recording, recording.with_suffix(".pkl")):
            write_episode(replace(episode, inputs=inputs), path)


def mend_pickles(folder: Path) -> list[Path]:
    """Writes the missing .pkl files of shadow recordings whose session was killed.

    Returns:
        The written files. Recordings that are still being written or cannot be read are skipped.
    """
    import time

    from understudy.contract.errors import RecordingError
    from understudy.recordings.store import is_being_written, read_episode, write_episode
    from understudy.recordings.video.video_paths import is_video

    mended = []
    for recording in sorted(folder.glob("shadow_recording_*.mcap")):
        pickle = recording.with_suffix(".pkl")
        if is_video(recording):
            continue
        if pickle.exists() or time.time() - recording.stat().st_mtime < STILL_WRITTEN_S or is_being_written(recording):
            continue
        try:
            episode = read_episode(recording)
            if len(episode):
                write_episode(episode, pickle)
                mended.append(pickle)
        except (RecordingError, OSError) as problem:
            _log.warning("%s", problem)
    return mended


def _is_over(step: "Step", check: "EmptyCheck", place: "HumanGame") -> bool:
    check.look(float(step.observation.records["time_s"][0]))
    return place.world.closed


class EmptyCheck:
    """Prints once why the buffer is still empty after EMPTY_S. Belongs to the window's thread."""

    def __init__(self, trainer: "ShadowTrainer", place: "HumanGame", teller: "ShadowConsole") -> None:
        self._trainer, self._place, self._teller = trainer, place, teller
        self._begun_s: float | None = None
        self._ready_s: float | None = None
        self._is_over = False

    def look(self, now_s: float) -> None:
        """Checks the buffer; call it once per tick."""
        self._begun_s = now_s if self._begun_s is None else self._begun_s
        if self._trainer.is_ready and self._ready_s is None:
            self._ready_s = now_s
        if self._is_over or now_s - self._begun_s < EMPTY_S:
            return
        if self._trainer.num_samples:
            self._is_over = True
            return
        why = self._why(now_s)
        if why is not None:
            self._is_over = True
            watched_s = now_s - self._begun_s
            self._teller.notify(
                f"Buffer: 0/{self._trainer.settings.buffer_size} samples after {int(watched_s)} s: {why}"
            )

    def _why(self, now_s: float) -> str | None:
        from understudy.cli.live.shadow_console import why_empty

        return why_empty(
            has_focus=self._place.has_focus(),
            window=self._place.size,
            desktop=self._place.desktop_size(),
            num_active_ticks=self._trainer.input_stats.num_active_ticks,
            learner_had_time=self._ready_s is not None and now_s - self._ready_s > UNTAUGHT_S,
        )
