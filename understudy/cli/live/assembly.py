"""Puts a live game together: window, seat, policies, watch on new weights, view; and says how it went.

The one place of assembly for everything that plays in real time in the game's window.
"""

import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from understudy.cli.live.desktop import DesktopChoice
    from understudy.cli.live.video_choice import VideoChoice
    from understudy.contract.protocols import Listener, Step
    from understudy.recordings.recorder import Recorder
    from understudy.runtime.hierarchical_policy import HierarchicalPolicy
    from understudy.runtime.safety import GuardCounts
    from understudy.runtime.shared_control import SharedControlPilot, TickSnapshot
    from understudy.runtime.weight_swap import WeightSwapper
    from understudy.viewer.live_view import LiveView
    from understudy.worlds.desktop.human_operator import DesktopOperator
    from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog
    from understudy.worlds.desktop.world import DesktopWorld
    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import WindowOperator

WRONG_S = 5.0
"""So many seconds before F2 are meant by it."""
NOTICE_S = 2.5
"""How long the view says that F2 was heard."""
MANY_LATE = 0.05
"""More late ticks than this part are worth a sentence."""
WARM_UP_TICKS = 21
"""Every level thinks at least twice: compiling and first allocations happen before time matters."""


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """What a live game needs to know."""

    models: Path
    seed: int
    map: str | None
    size: tuple[int, int]
    handback_delay_s: float
    test_mode: bool
    desktop: "DesktopChoice | None" = None
    """Which game on the screen is played; None for the embedded game."""


class ConsoleThread:
    """Prints lines from a thread of its own: the thread that plays never waits for a terminal."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._print, name="announcer", daemon=True)
        self._thread.start()

    def notify(self, line: str) -> None:
        """Prints a line soon, with the time of day."""
        self._lines.put(f"{time.strftime('%H:%M:%S')}  {line}")

    def close(self) -> None:
        """Prints what is left and ends the thread."""
        self._lines.put(None)
        self._thread.join()

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            self._console.print(line, highlight=False, markup=False)


@dataclass
class LiveGame:
    """An open game with a person at it and policies that can play it."""

    settings: LiveSettings
    window: "GameWindow | DesktopWorld"
    seat: "WindowOperator | DesktopOperator"
    pilot: "SharedControlPilot"
    swapper: "WeightSwapper"
    identities: dict[str, str]
    library: str
    """Who computes the networks, with its version."""
    announcer: ConsoleThread
    guarded: "GuardCounts | None" = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the window in pixels."""
        area = getattr(self.window, "area", None)
        return self.settings.size if area is None else (area.width, area.height)

    def recorder(
        self, folder: Path, prefix: str, pilot: str = "understudy", video: "VideoChoice | None" = None
    ) -> "Recorder":
        """A recorder of this game, in a new file named as the guide names them; on the screen with pictures.

        Raises:
            MissingExtraError: if pictures were asked for by --video and PyAV is not installed.
            RecordingError: if nothing can be written there.
        """
        from dataclasses import replace

        from understudy.cli.live.video_choice import recorded_pictures
        from understudy.recordings.episode import describe
        from understudy.recordings.recorder import create_recorder, recording_name

        settings = self.settings
        on_screen = settings.desktop is not None
        info = describe(
            self.window.profile,
            pilot=pilot,
            world="desktop" if on_screen else "simulator",
            seed=None if on_screen else settings.seed,
            start_map=settings.map,
        )
        info = replace(
            info,
            window_width=self.size[0],
            window_height=self.size[1],
            pilot_seed=settings.seed,
            weights=self.identities,
            library=self.library,
        )
        pictures = None if video is None else recorded_pictures(video, self.window, self.announcer.notify)
        return create_recorder(folder, recording_name(prefix), info, pictures=pictures)

    def play(self, listeners: "Sequence[Listener]", minutes: float | None) -> None:
        """Plays until the window is closed, F3, the time is up, or the process that started this one is gone."""
        import numpy as np

        from understudy.contract.observation import TICK_RATE_HZ
        from understudy.runtime.safety import Guarded
        from understudy.runtime.session import Session

        world = Guarded(self.window)
        self.guarded = world.counts
        session = Session(
            world,
            self.pilot,
            listeners,
            seeds=np.array([self.settings.seed], np.uint64),
            take_inputs=self.seat.take_inputs,
        )
        num_ticks = None if minutes is None else max(1, round(minutes * 60 * TICK_RATE_HZ))
        parent = os.getppid()

        def over(step: "Step") -> bool:
            time_is_up = num_ticks is not None and self.window.num_ticks >= num_ticks  # missed ones count too
            return self.window.closed or time_is_up or os.getppid() != parent

        session.run(num_ticks, until=over)


@contextmanager
def open_live(settings: LiveSettings, console: "Console") -> "Iterator[LiveGame]":
    """Loads the policies, opens the window, and closes everything however it ends.

    Raises:
        CheckpointError: if the folder holds no usable policies.
        WorldError: if there is no display or no such map.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with ExitStack() as closing:
        watchdog = _start_watchdog(settings, closing)
        import torch

        from understudy.policies.inference_backend import fastest_backend
        from understudy.runtime.process_replay import WEIGHTS
        from understudy.runtime.weight_swap import CheckpointWatcher, WeightSwapper, identities

        torch.set_num_threads(1)  # a second thread makes decisions later, not sooner
        announcer = ConsoleThread(console)
        closing.callback(announcer.close)
        with console.status("Loading the policies, and opening the game ..."):
            profile = None if settings.desktop is None else settings.desktop.read_profile()
            watch = CheckpointWatcher(settings.models, library=fastest_backend(), profile=profile)
            closing.callback(watch.close)
            hierarchy = ready_hierarchy(settings.models, settings.desktop)
            window, seat = _open_game(settings, announcer, watchdog)
            closing.callback(window.close)
            closing.callback(_keep_fingerprint, settings, window, announcer)

        def print_report(found: dict[str, str]) -> None:
            seat.note(WEIGHTS, found["executor"])
            announcer.notify(f"New weights: {in_words(found)}.")

        swapper = WeightSwapper(hierarchy, watch.arrived, print_report)
        pilot = _pilot(settings, hierarchy, window, seat, swapper)
        _show(settings, window, seat, pilot, announcer)
        found = identities(settings.models)
        yield LiveGame(settings, window, seat, pilot, swapper, found, hierarchy.networks.library, announcer)


def _keep_fingerprint(settings: LiveSettings, window: "GameWindow | DesktopWorld", announcer: ConsoleThread) -> None:
    """Keeps what never changes in a game on the screen for the next session."""
    from understudy.cli.live.desktop import keep_fingerprint
    from understudy.worlds.simulator.window.game_window import GameWindow

    if settings.desktop is not None and not isinstance(window, GameWindow):
        keep_fingerprint(window, settings.desktop, announcer.notify)


def _start_watchdog(settings: LiveSettings, closing: ExitStack) -> "ReleaseWatchdog | None":
    """Starts the watchdog where input will be sent: it imports for a while, beside our own imports."""
    if settings.desktop is None or settings.test_mode:
        return None
    from understudy.worlds.desktop.input.release_watchdog import ReleaseWatchdog

    watchdog = ReleaseWatchdog(waits=False)
    closing.callback(watchdog.close)
    return watchdog


def _open_game(
    settings: LiveSettings, announcer: ConsoleThread, watchdog: "ReleaseWatchdog | None"
) -> "tuple[GameWindow, WindowOperator] | tuple[DesktopWorld, DesktopOperator]":
    """The game's own window or one on the screen, and the person's seat at it."""

    def marked() -> None:
        announcer.notify(f"Marked: the last {WRONG_S:g} s were wrong.")

    if settings.desktop is not None:
        from understudy.cli.live.desktop import open_screen

        return open_screen(
            settings.desktop,
            sends=not settings.test_mode,
            notify=announcer.notify,
            handback_delay_s=settings.handback_delay_s,
            on_mark=marked,
            watchdog=watchdog,
        )
    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import WindowOperator

    window = GameWindow(settings.seed, settings.map, settings.size)
    return window, WindowOperator(window, on_mark=marked)


def _show(
    settings: LiveSettings,
    window: "GameWindow | DesktopWorld",
    seat: "WindowOperator | DesktopOperator",
    pilot: "SharedControlPilot",
    announcer: ConsoleThread,
) -> None:
    """Over the embedded game lies the live view; nothing may lie over somebody's game, so there the terminal tells."""
    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import WindowOperator

    if isinstance(window, GameWindow) and isinstance(seat, WindowOperator):
        _connect(pilot, seat, _view(settings, window, seat, pilot))
        return
    from understudy.cli.live.desktop import DesktopLines

    lines = DesktopLines(announcer.notify, pilot.cadence.lines, window.profile, test_mode=settings.test_mode)
    pilot.show = lines.show


def ready_hierarchy(models: Path, desktop: "DesktopChoice | None" = None) -> "HierarchicalPolicy":
    """The Hierarchy of a folder for the embedded game or one on the screen, checked and warmed up.

    Raises:
        CheckpointError: if the folder holds no usable policies.
    """
    import numpy as np

    from understudy.contract.observation import empty_observation
    from understudy.policies.inference_backend import fastest_backend
    from understudy.runtime.hierarchical_policy import load_hierarchy
    from understudy.runtime.weight_swap import require_finite_outputs
    from understudy.worlds.catalog import load_profile

    profile = load_profile("darkorbit") if desktop is None else desktop.read_profile()
    hierarchy = load_hierarchy(models, profile, fastest_backend())
    require_finite_outputs(hierarchy.policies, str(models))
    carry = hierarchy.start(np.zeros(1, np.uint64))
    for _ in range(WARM_UP_TICKS):
        carry = hierarchy.decide(empty_observation(1), carry).carry
    return hierarchy


def _pilot(
    settings: LiveSettings,
    hierarchy: "HierarchicalPolicy",
    window: "GameWindow | DesktopWorld",
    seat: "WindowOperator | DesktopOperator",
    swapper: "WeightSwapper",
) -> "SharedControlPilot":
    from understudy.runtime.shared_control import SharedControlPilot, TakeoverSettings

    return SharedControlPilot(
        policy=hierarchy,
        person=seat,
        settings=TakeoverSettings(handback_delay_s=settings.handback_delay_s, muted=settings.test_mode),
        num_missed=lambda: window.num_missed,
        before_tick=swapper,
    )


def _view(
    settings: LiveSettings, window: "GameWindow", seat: "WindowOperator", pilot: "SharedControlPilot"
) -> "LiveView":
    from understudy.viewer.live_view import LiveView, LiveViewSources

    def notice() -> str:
        fresh = time.perf_counter() - seat.marked_s < NOTICE_S
        return f"marked: the last {WRONG_S:g} s were wrong" if fresh else ""

    facts = LiveViewSources(
        lines=pilot.cadence.lines,
        mouse=lambda: (float(window.hands.cursor[0]), float(window.hands.cursor[1])),
        notice=notice,
    )
    return LiveView(
        window.profile, settings.size, facts, handback_delay_s=settings.handback_delay_s, test_mode=settings.test_mode
    )


def _connect(pilot: "SharedControlPilot", seat: "WindowOperator", view: "LiveView") -> None:
    """Each decision goes to the view, and moves the drawn cursor while the policy is in charge."""
    from understudy.contract.action import Actor

    def show(moment: "TickSnapshot") -> None:
        view.show(moment)
        if moment.actor is Actor.POLICY:
            decided = moment.decided.records[0]
            end = (float(decided["cursor_x"]), float(decided["cursor_y"]))
            seat.lead_cursor(moment.observation.cursor[0].tolist(), end)
        else:
            seat.leave_cursor()

    seat.paint, pilot.show = view.draw, show


def in_words(identities: dict[str, str]) -> str:
    """Which weights play."""
    return ", ".join(f"{policy} {identity}" for policy, identity in identities.items())


def summary(game: LiveGame) -> list[str]:
    """How a session went, a sentence a line: play, who acted, and how time was kept."""
    from understudy.cli.live.unseen_outcomes import outcomes_in_words
    from understudy.contract.observation import TICK_S

    window, counts, report = game.window, game.pilot.counts, game.pilot.cadence.report()
    played_s = window.num_ticks * TICK_S
    lines = [
        outcomes_in_words(window.profile, window.totals, played_s / 60),
        f"The understudy {'watched' if game.settings.test_mode else 'played'} {counts.policy_ticks * TICK_S:.1f} s, "
        f"you {counts.person_ticks * TICK_S:.1f} s in {counts.num_takeovers} takeovers.",
    ]
    lines += [
        f"{each.level.name.capitalize()} at {each.rate_hz:g} Hz: {each.num_runs} times, {each.num_skipped} left out, "
        f"late by ms {each.late}"
        for each in report.levels
    ]
    lines += [
        f"Thinking took ms {report.decide}; from observation to decision ms {report.latency} (p50 / p95 / p99 / max), "
        f"jitter {1000 * report.jitter_s:.1f} ms.",
        f"Late ticks: {report.num_late} ({report.late_share:.2%}).",
    ]
    if report.late_share > MANY_LATE:
        lines.append("The machine was too busy to play in time: close other programs.")
    if (perception := getattr(window, "perception", None)) is not None:
        lines.append(str(perception.report()))
    if refused := getattr(window, "refused", None):
        reasons = ", ".join(f"{number} times ({reason})" for reason, number in refused.most_common())
        lines.append(f"Not pressed: {reasons}.")
    mended = game.guarded
    if mended is not None and mended.num_clamped + mended.num_dropped + mended.num_held_back:
        lines.append(
            f"Held back for safety: {mended.num_clamped} actions outside the window, {mended.num_dropped} without "
            f"sense, {mended.num_held_back} with too many presses."
        )
    if game.swapper.num_swaps:
        lines.append(f"New weights were swapped in {game.swapper.num_swaps} times.")
    return lines
