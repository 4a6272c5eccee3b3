"""The screen on the command line: which window, which weights for the eye, and what is said while it runs."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.perception.model_files.execution_provider import Device

if TYPE_CHECKING:
    from understudy.cli.live.run import Run
    from understudy.contract.profile import Hotkeys, Profile
    from understudy.runtime.shared_control import TickSnapshot
    from understudy.worlds.desktop.human_operator import DesktopOperator
    from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
    from understudy.worlds.desktop.world import DesktopWorld

SHOWN_EVERY_S = 10.0


@dataclass(frozen=True, kw_only=True)
class DesktopChoice:
    """Which game on the screen, and what sees it."""

    window: str | None
    """Title of the game's window; None for a whole monitor."""
    monitor: int = 1
    model: Path | None = None
    """The detector's weights; None for those that come with the profile."""
    profile: str = "darkorbit"
    """Name of a profile, or a path to one."""
    device: Device = "auto"
    """Where the detector runs."""
    hotkeys: str | None = None
    """Keys in place of the profile's, such as `pause=f8 stop=f9`."""
    perceives: bool = True
    """False while only pictures are to be kept."""
    unusable_after_s: float | None = None
    """How long the game may be closed, covered or without focus before the session ends by an error; None: for ever."""

    @property
    def fingerprint_path(self) -> Path | None:
        """Where what never changes in the game is kept; None for a profile that comes with understudy."""
        from understudy.worlds.desktop.capture.game_fingerprint import fingerprint_path

        return fingerprint_path(self.profile)

    def read_profile(self) -> "Profile":
        """The profile as data.

        Raises:
            WorldError: if there is none of that name.
            WireError: if it cannot be read.
            FlagError: if the hotkeys cannot be understood.
        """
        from dataclasses import replace

        from understudy.worlds.catalog import load_profile

        profile = load_profile(self.profile)
        return profile if self.hotkeys is None else replace(profile, hotkeys=hotkeys_of(self.hotkeys, profile.our_keys))


def hotkeys_of(text: str, before: "Hotkeys") -> "Hotkeys":
    """Hotkeys out of `pause=f8 stop=f9`; those that are not named stay.

    Raises:
        FlagError: if a name or key is unknown, or one key has two meanings.
    """
    from dataclasses import fields, replace

    from understudy.contract.errors import FlagError, WorldError
    from understudy.worlds.desktop.input.key_names import x11_keysyms

    known = [field.name for field in fields(before)]
    chosen: dict[str, str] = {}
    for part in text.lower().split():
        name, _, key = part.partition("=")
        try:
            x11_keysyms(key)
        except WorldError:
            key = ""
        if name not in known or not key:
            raise FlagError(f"{part!r} was given where NAME=KEY was expected, NAME one of {', '.join(known)}.")
        chosen[name] = key
    try:
        return replace(before, **chosen)
    except ValueError as problem:
        raise FlagError(f"These hotkeys cannot be told apart: {problem}.") from None


def open_screen(
    choice: DesktopChoice,
    *,
    sends: bool,
    notify: Callable[[str], None],
    handback_delay_s: float = 1.5,
    commands: Sequence[str] = ("f1", "f2"),
    on_mark: Callable[[], None] = lambda: None,
    on_command: Callable[[str], None] = lambda key: None,
    watchdog: "ReleaseWatchdog | None" = None,
) -> "tuple[DesktopWorld, DesktopOperator]":
    """Opens the eye and then the screen; nothing is sent before the first action.

    Raises:
        WorldError: if there is no display, window or profile.
        CheckpointError: if there are no weights for the eye.
        FlagError: if the detector's device is not there.
        MissingExtraError: if a package is missing.
    """
    from understudy.perception.detector_loader import open_detector
    from understudy.perception.pipeline import PerceptionPipeline
    from understudy.worlds.desktop.capture.game_fingerprint import load_fingerprint
    from understudy.worlds.desktop.deferred_perception import DeferredPerception
    from understudy.worlds.desktop.open_desktop import open_desktop
    from understudy.worlds.desktop.perception_thread import Perception
    from understudy.worlds.desktop.world import DesktopSettings

    profile, fingerprint = choice.read_profile(), load_fingerprint(choice.fingerprint_path)
    eye: Perception = DeferredPerception()
    if choice.perceives:
        detector = open_detector(choice.model, profile, device=choice.device)
        notify(detector.runs_on)
        eye = PerceptionPipeline(profile, detector)
    settings = DesktopSettings(
        window=choice.window,
        monitor=choice.monitor,
        sends=sends,
        handback_delay_s=handback_delay_s,
        unusable_after_s=choice.unusable_after_s,
    )
    world, seat = open_desktop(
        profile, eye, settings, fingerprint=fingerprint, notify=notify, commands=commands, on_mark=on_mark,
        on_command=on_command, watchdog=watchdog,
    )  # fmt: skip
    for line in _keys_and_titles(world, choice.window):
        notify(line)
    world.warm_up()
    return world, seat


def keep_fingerprint(world: "DesktopWorld", choice: DesktopChoice, notify: Callable[[str], None]) -> None:
    """Writes what the session has learnt of what never changes in the game beside the profile; says so."""
    path = choice.fingerprint_path
    learnt = None if path is None else world.learnt_fingerprint()
    if path is None or learnt is None:
        return
    try:
        learnt.save(path)
    except OSError as problem:
        notify(f"{path} could not be written ({problem}), so the next session begins without it.")
        return
    notify(f"{path}: {learnt.still.mean():.0%} of the game's picture never changes; the next session is checked by it.")


def _keys_and_titles(world: "DesktopWorld", title: str | None) -> Iterator[str]:
    """What is worth knowing about the window's program before play begins."""
    from understudy.worlds.desktop.input.key_grabs import is_browser

    program = world.place.program
    if is_browser(program):
        taken = (
            f"it gets {', '.join(world.keys_not_taken).upper()}, too: choose other keys with --hotkeys"
            if world.keys_not_taken
            else "our own keys are kept from it meanwhile"
        )
        yield f"The window is a browser ({program}), in which F5 reloads and F6 takes the address bar: {taken}."
        if world.area == world.place.outer:
            yield "The profile has no play area, so the browser's tabs and toolbar count as the game: add [play_area]."
        if title is not None and title.lower() in program:
            yield f"The title {title!r} fits every page of this browser: give the game's own title with --window."
    elif world.keys_not_taken:
        yield f"The game gets these keys of ours, too: {', '.join(world.keys_not_taken).upper()}."


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """A signal to end, or a closed terminal, ends a session as Ctrl-C does: with everything released and saved."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


class DesktopLines:
    """Tells in the terminal what the live view shows over the embedded game: nothing may lie over somebody's game."""

    def __init__(
        self,
        notify: Callable[[str], None],
        cadence: Callable[[], Sequence[str]],
        profile: "Profile",
        *,
        test_mode: bool,
    ) -> None:
        """Args:
        notify: prints a line; must not block.
        cadence: how time is kept, a few short lines.
        profile: of the game, with its gauges of health.
        test_mode: nothing of the understudy is sent.
        """
        self._notify, self._cadence, self._test_mode = notify, cadence, test_mode
        self._health = [(place, profile.gauges[place].name) for place in profile.health_places]
        self._actor: object = None
        self._told_s = float("-inf")

    def show(self, moment: "TickSnapshot") -> None:
        """Called once a tick: a line when the charge changes, and one now and then."""
        from understudy.contract.action import Actor

        now_s = time.perf_counter()
        if moment.actor != self._actor:
            self._actor = moment.actor
            words = {
                Actor.PERSON: "YOU PLAY. Let go of mouse and keyboard to hand back.",
                Actor.NOBODY: "TEST MODE: the understudy only watches.",
                Actor.POLICY: "THE UNDERSTUDY PLAYS.",
            }
            self._notify(words[moment.actor])
        elif now_s - self._told_s >= SHOWN_EVERY_S:
            self._notify(self._state(moment))
        else:
            return
        self._told_s = now_s

    def _state(self, moment: "TickSnapshot") -> str:
        from understudy.contract.intent import Mode

        mode = int(moment.intent.records["mode"][0])
        named = Mode(mode).name if mode >= 0 else "no mode"
        gauges = moment.observation.records["player"]["gauges"][0].tolist()
        read = [
            f"{name} unreadable" if gauges[place] != gauges[place] else f"{name} {gauges[place]:.0%}"
            for place, name in self._health
        ]
        things = int((moment.observation.records["tracks"]["id"][0] > 0).sum())
        return f"{', '.join([named, *read])}, {things} things in sight; {'; '.join(self._cadence()[-1:])}"


def desktop_choice(command: "Run") -> DesktopChoice | None:
    """Which game on the screen; None for the embedded game."""
    if command.world == "simulator":
        return None
    from understudy.worlds.catalog import load_profile

    title = load_profile(command.profile).window_title if command.window is None else command.window
    return DesktopChoice(
        window=title, model=command.model, profile=command.profile, device=command.device, hotkeys=command.hotkeys
    )
