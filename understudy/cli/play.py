"""`understudy play`: a person plays the embedded game in a window."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from understudy.cli.flags.number_ranges import Minutes, PictureSize, Seed
from understudy.cli.flags.output_paths import Output

if TYPE_CHECKING:
    from understudy.recordings.recorder import Recorder
    from understudy.worlds.simulator.window.game_window import GameWindow

MOST_BEHIND = 10
"""Maximum lag in ticks (half a second) on a busy machine; the game catches up, so that each tick has its action."""


@dataclass(frozen=True, kw_only=True)
class Play:
    """Play the embedded game yourself, in a window."""

    record: Annotated[bool, tyro.conf.arg(name="save-recordings", aliases=("--record",))] = False
    """Record your play for training."""
    out: Annotated[Path, Output(kind="folder", when=lambda command: command.record)] = Path("recordings/v2_training")
    """Output folder of the recording."""
    seed: Seed = 0
    """Random seed of the world."""
    map: str | None = None
    """Name of the first map, 1-1 (safe) to 1-4 (dangerous); by default drawn from the seed."""
    minutes: Minutes | None = None
    """Maximum minutes of play; by default play ends when the window is closed."""
    size: PictureSize = (1280, 720)
    """Width and height of the window in pixels."""


def run(command: Play) -> None:
    """Opens the window, plays until it is closed, and prints a summary."""
    import os

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from understudy.cli.show.terminal import Console
    from understudy.contract.action import Actor
    from understudy.contract.observation import TICK_RATE_HZ
    from understudy.runtime.session import Session
    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import HumanPilot

    window = GameWindow(command.seed, command.map, command.size, most_behind=MOST_BEHIND)
    try:
        recorder = _recorder(command, window) if command.record else None
        listeners = () if recorder is None else (recorder,)
        person = HumanPilot(window)
        session = Session(window, person, listeners, actor=Actor.PERSON, take_inputs=window.take_inputs)
        num_ticks = None if command.minutes is None else max(1, round(command.minutes * 60 * TICK_RATE_HZ))
        session.run(num_ticks, until=lambda step: window.closed)
    finally:
        window.close()
    console = Console(soft_wrap=True)
    console.print(_summary(window))
    if recorder is not None:
        console.print(
            f"Recorded: {recorder.path}" if recorder.failure is None else f"Recording ended early: {recorder.failure}"
        )


def _recorder(command: Play, window: "GameWindow") -> "Recorder":
    from dataclasses import replace

    from understudy.recordings.episode import describe
    from understudy.recordings.recorder import create_recorder, recording_name

    info = describe(window.profile, pilot="person", seed=command.seed, start_map=command.map)
    info = replace(info, window_width=command.size[0], window_height=command.size[1])
    return create_recorder(command.out, recording_name("person"), info)


def _summary(window: "GameWindow") -> str:
    from understudy.contract.observation import TICK_S

    totals, played_s = window.state["totals"], window.num_ticks * TICK_S
    figures = (
        f"{totals['value']:g} points, {totals['kills']:.0f} kills, {totals['loot']:.0f} boxes, "
        f"{totals['deaths']:.0f} deaths in {played_s / 60:.1f} minutes"
    )
    missed = f"; the machine was too busy for {window.num_missed} ticks" if window.num_missed else ""
    return f"{figures}; {window.num_frames / max(played_s, 0.05):.0f} frames a second{missed}"
