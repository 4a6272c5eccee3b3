"""The guide's recorder_v2: watches a person play any game on the screen; F5 starts and stops, F6 saves, F7 discards."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Minutes, Monitor
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import DetectorWeights, Flag
from understudy.cli.live.video_choice import VideoChoice
from understudy.perception.model_files.execution_provider import Device
from understudy.recordings.video.encoder_names import EncoderName

if TYPE_CHECKING:
    from understudy.cli.live.recording_status import RecordingStatus
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import WorldError
    from understudy.contract.protocols import Listener, Step
    from understudy.recordings.episode import EpisodeInfo
    from understudy.recordings.take_recorder import TakeRecorder
    from understudy.recordings.video.video_recorder import PictureSource
    from understudy.runtime.session import Session
    from understudy.worlds.desktop.world import DesktopWorld

ListenerFactory = Callable[[Callable[[str], None]], "Listener"]
START_KEY, SAVE_KEY, DISCARD_KEY = "f5", "f6", "f7"
UNSAVED = "unsaved"
WRONG_SHAPE = 0.1
"""A picture that is wider or narrower than the profile's by more than this part is worth a sentence."""
MANY_MISSED = 0.02


@dataclass(frozen=True, kw_only=True)
class RecorderV2:
    """Record yourself playing a game on your screen. F5 starts and stops, F6 saves, F7 discards, F3 ends."""

    model: DetectorWeights = None
    """Weights of the detector, such as best.pt or an .onnx file; by default those that come with the profile."""
    monitor: Monitor = 1
    """Which monitor the game fills, counted from 1."""
    window: str | None = None
    """Title of the game's window, where it does not fill a monitor."""
    profile: str = "darkorbit"
    """Which game: the name of a profile, or a path to one (.toml)."""
    device: Device = "auto"
    """Where the detector runs; auto takes the best that is installed and works."""
    out: OutputFolder = Path("recordings/v2_training")
    """Folder for what is saved; what is not waits in the folder `unsaved` beside it."""
    hotkeys: str | None = None
    """Other keys than F1 to F7, such as "record=f8 save=f9 discard=f10 pause=f11 stop=f12"."""
    minutes: Minutes | None = None
    """End by itself after so many minutes; by default at F3."""
    start_now: bool = False
    """Begin at once, without waiting for F5, and save at the end: for a session without anybody at the keyboard."""
    video: Flag[bool] = False
    """Record nothing at all rather than without pictures; by default pictures are recorded where it is possible."""
    no_video: Flag[bool] = False
    """Keep no pictures."""
    video_encoder: EncoderName = "auto"
    """Which of PyAV's encoders; auto takes the first of libopenh264 and libvpx-vp9 that is there. libx264 is faster and
    under the GPL."""
    perceive: Literal["now", "later"] = "now"
    """later keeps pictures and input only, which takes a fraction of a core; understudy recordings reperceive finds out
    what is in them before anything is learnt."""

    def __post_init__(self) -> None:
        if self.perceive == "later" and self.no_video:
            raise ValueError("--perceive later needs the pictures: leave --no-video out")
        self.video_choice  # noqa: B018  its check

    @property
    def video_choice(self) -> VideoChoice:
        """What the flags say of pictures."""
        return VideoChoice(
            insists=self.video or self.perceive == "later", off=self.no_video, encoder=self.video_encoder
        )


def run(command: RecorderV2, also: Sequence[ListenerFactory] = (), unusable_after_s: float | None = None) -> int | None:
    """Watches and records until F3, Ctrl-C or the end of the time.

    Args:
        command: the parsed command line.
        also: make further listeners, given a function that prints a line without blocking.
        unusable_after_s: how long the game may be closed, covered or without focus; None waits for ever.

    Raises:
        WorldError: if it was for longer, or the display is gone; what was recorded before is saved.
    """
    from understudy.cli.show.terminal import Console

    console = Console(soft_wrap=True)
    console.print("Starting ...")  # before the imports that take a while
    from understudy.cli.live.assembly import ConsoleThread
    from understudy.cli.live.desktop import DesktopChoice, ending_by_signals, keep_fingerprint, open_screen
    from understudy.cli.live.recording_status import RecordingStatus
    from understudy.cli.live.video_choice import recorded_pictures
    from understudy.contract.action import Actor
    from understudy.runtime.session import Session
    from understudy.worlds.desktop.human_operator import DesktopHumanPilot

    choice = DesktopChoice(
        window=command.window,
        monitor=command.monitor,
        model=command.model,
        profile=command.profile,
        device=command.device,
        hotkeys=command.hotkeys,
        perceives=command.perceive == "now",
        unusable_after_s=unusable_after_s,
    )
    hotkeys = choice.read_profile().our_keys
    with ExitStack() as closing:
        closing.enter_context(ending_by_signals())
        announcer = ConsoleThread(console)
        closing.callback(announcer.close)
        keys = Keys(lambda line: announcer.notify(hotkeys.in_words(line)), lambda: world.is_suspended)
        commands = ("f1", "f2", START_KEY, SAVE_KEY, DISCARD_KEY)
        world, seat = open_screen(choice, sends=False, notify=announcer.notify, commands=commands, on_command=keys.obey)
        closing.callback(keep_fingerprint, world, choice, announcer.notify)
        pictures = recorded_pictures(command.video_choice, world, announcer.notify)
        keys.takes = takes = _takes(command, world, pictures)
        keys.status = status = RecordingStatus(
            announcer.notify,
            lambda: takes.is_running,
            perceives=command.perceive == "now",
            bars={name: world.profile.gauge(name) for name in world.profile.health_bars},
        )
        person = DesktopHumanPilot(world, seat)
        listeners: list[Listener] = [takes, status, *(make(announcer.notify) for make in also)]
        session = Session(world, person, listeners, actor=Actor.PERSON, take_inputs=seat.take_inputs)
        closing.callback(session.close)
        _say_hello(command, world, console)
        if command.start_now:
            takes.start()
        interrupted, lost = _record(session, command, world, takes)
        if command.start_now:
            takes.save()
    _sum_up(command, world, takes, console)
    if lost is not None:
        raise lost
    return EXIT_INTERRUPTED if interrupted else None


class Keys:
    """What F5, F6 and F7 do. Called on the thread that runs the session, between two ticks."""

    def __init__(self, notify: Callable[[str], None], stands_still: Callable[[], bool]) -> None:
        """Args:
        notify: prints a line; must not block.
        stands_still: whether the game is not watched just now.
        """
        self._notify, self._stands_still = notify, stands_still
        self.takes: TakeRecorder | None = None
        self.status: RecordingStatus | None = None

    def obey(self, key: str) -> None:
        """Does what a key asks for, and says so; also why it could not be done."""
        from understudy.contract.errors import RecordingError

        if self.takes is None:
            return
        try:
            self._obey(key, self.takes)
        except RecordingError as problem:
            self._notify(str(problem))

    def _obey(self, key: str, takes: "TakeRecorder") -> None:
        if key == START_KEY and takes.is_running:
            takes.stop()
            self._notify(f"Stopped: {_length(takes)} wait. F6 saves, F7 discards, F5 records on.")
        elif key == START_KEY:
            takes.start()
            begins = " as soon as the pause is over" if self._stands_still() else ""
            self._notify(f"RECORDING{begins}. F5 stops, F6 saves, F7 discards.")
        elif takes.num_waiting == 0:
            self._notify("There is nothing to save or discard: F5 starts a recording.")
        elif key == SAVE_KEY:
            if self.status is not None and self.status.line():
                self._notify(self.status.line())
            length = _length(takes)
            places = ", ".join(map(str, takes.save()))
            self._notify(f"Saved {length}: {places}" if places else "Nothing was recorded yet, so nothing is saved.")
        elif key == DISCARD_KEY:
            self._notify(f"Discarded: {_length(takes)}.")
            takes.discard()


def _length(takes: "TakeRecorder") -> str:
    from understudy.contract.observation import TICK_S

    seconds = takes.num_ticks * TICK_S
    length = f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} s"
    return length if takes.num_waiting == 1 else f"{length} in {takes.num_waiting} takes"


def _takes(command: RecorderV2, world: "DesktopWorld", pictures: "PictureSource | None") -> "TakeRecorder":
    from dataclasses import replace

    from understudy.recordings.episode import describe
    from understudy.recordings.take_recorder import TakeRecorder

    def say_of_take() -> "EpisodeInfo":
        info = describe(world.profile, pilot="person", world="desktop")
        return replace(
            info,
            window_width=world.area.width,
            window_height=world.area.height,
            perceived=command.perceive == "now",
        )

    return TakeRecorder(command.out, command.out.parent / UNSAVED, say_of_take, pictures=pictures)


def _say_hello(command: RecorderV2, world: "DesktopWorld", console: "Console") -> None:
    from understudy.cli.live.unseen_outcomes import unseen_outcomes_notice
    from understudy.recordings.video.video_paths import is_video

    where = f"monitor {command.monitor}" if command.window is None else f"the window {command.window!r}"
    console.print(f"Watching {where} ({world.area}). Nothing is sent; only the game's keys are heard.", highlight=False)
    shape, wanted = world.area.width / world.area.height, world.profile.window_width / world.profile.window_height
    if abs(shape / wanted - 1) > WRONG_SHAPE:
        console.print(
            f"The profile {command.profile!r} expects the shape of {world.profile.window_width} x "
            f"{world.profile.window_height}: if the game has a window of its own, name it with --window.",
            highlight=False,
        )
    unsaved = sorted((command.out.parent / UNSAVED).glob("*.mcap"))
    left = [path for path in unsaved if not is_video(path)]
    if left:
        console.print(
            f"From earlier, neither saved nor discarded: {_files(len(left))} in {left[0].parent}.", highlight=False
        )
    if notice := unseen_outcomes_notice(world.profile):
        console.print(notice, highlight=False)
    if command.perceive == "later":
        console.print(
            "Only pictures and input are recorded; before training: understudy recordings reperceive", highlight=False
        )
    keys = world.profile.our_keys.in_words("F5 start and stop, F6 save, F7 discard, F1 pause, F3 end.")
    console.print(keys, highlight=False)


def _record(
    session: "Session", command: RecorderV2, world: "DesktopWorld", takes: "TakeRecorder"
) -> "tuple[bool, WorldError | None]":
    """Runs until the end; says whether that was an interruption, or the screen was lost."""
    from understudy.contract.errors import WorldError
    from understudy.contract.observation import TICK_RATE_HZ

    num_ticks = None if command.minutes is None else max(1, round(command.minutes * 60 * TICK_RATE_HZ))
    parent = os.getppid()

    def over(step: "Step") -> bool:
        time_is_up = num_ticks is not None and world.num_ticks >= num_ticks  # those without a picture count too
        return world.closed or time_is_up or takes.failure is not None or os.getppid() != parent

    try:
        session.run(num_ticks, until=over)
    except KeyboardInterrupt:
        return True, None
    except WorldError as problem:
        return False, problem
    return False, None


def _files(number: int) -> str:
    return f"{number} recording" if number == 1 else f"{number} recordings"


def _sum_up(command: RecorderV2, world: "DesktopWorld", takes: "TakeRecorder", console: "Console") -> None:
    from understudy.cli.live.video_choice import pictures_in_words

    missed = world.num_missed / max(1, world.num_ticks)
    console.print(
        f"{_files(len(takes.saved))} saved; {world.num_ticks} ticks, {missed:.1%} of them without a picture.",
        highlight=False,
    )
    console.print(str(world.perception.report()), highlight=False)
    if takes.video_counts.num_stored + takes.video_counts.num_dropped:
        console.print(pictures_in_words(takes.video_counts), highlight=False)
    for failure in takes.failures:
        console.print(f"Recording ended early: {failure}", highlight=False)
    for path in takes.left_over:
        console.print(
            f"Neither saved nor discarded, and kept for you: {path} (to train from it, move it to {command.out})",
            highlight=False,
        )
    if missed > MANY_MISSED:
        console.print(
            "The machine was too busy: close other programs, or see  understudy doctor --desktop", highlight=False
        )
