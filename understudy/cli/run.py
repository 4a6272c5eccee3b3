"""`understudy run`, and the guide's `bot_controller_v2.py`: the understudy plays live, with a person in charge."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from rich.console import Console

    from understudy.cli.live import LiveGame

Flag = tyro.conf.FlagCreatePairsOff
EXIT_MISTAKE, EXIT_INTERRUPTED = 2, 130


@dataclass(frozen=True, kw_only=True)
class Run:
    """Let the understudy play in the game's window, in real time; touch mouse or keyboard to take over."""

    test_mode: Flag[bool] = False
    """Decide and show, but send nothing; you can play yourself."""
    no_online_learning: Flag[bool] = False
    """Do not learn from the understudy's own play. This version never does, with or without this flag."""
    shadow_train: Annotated[Flag[bool], tyro.conf.arg(aliases=("--shadow",))] = False
    """You play, the understudy watches and learns; nothing is sent to the game."""
    save_recordings: Flag[bool] = False
    """Record the session, for training and for understudy watch."""
    shadow_lr: float = 1e-4
    """Learning rate of --shadow-train."""
    models: Path = Path("models/v2")
    """Folder with the three trained policies. New weights that appear in it are taken over while playing."""
    out: Path = Path("data/recordings")
    """Folder for recordings."""
    seed: int = 0
    """Decides the world, and the understudy's own chance."""
    map: str | None = None
    """Name of the map to begin on, 1-1 (safe) to 1-4 (dangerous); by default the seed draws one."""
    minutes: float | None = None
    """End by itself after so many minutes of play; by default play until F3 or until the window is closed."""
    hand_back_s: float = 1.5
    """Seconds without touching mouse or keyboard after which the understudy plays again."""
    size: tuple[int, int] = (1280, 720)
    """Width and height of the window in pixels."""

    def __post_init__(self) -> None:
        if min(self.size) < 180 or max(self.size) > 7680:
            raise ValueError(
                f"a window of {self.size[0]} x {self.size[1]} pixels: 320 x 180 to 7680 x 4320 can be played"
            )
        if self.minutes is not None and self.minutes <= 0:
            raise ValueError(f"{self.minutes:g} minutes: more than 0 is needed")
        if not 0.1 <= self.hand_back_s <= 3600:
            raise ValueError(f"{self.hand_back_s:g} s until the understudy plays again: 0.1 to 3600 are possible")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed}: 0 or more is needed")
        if self.shadow_lr <= 0:
            raise ValueError(f"a learning rate of {self.shadow_lr:g}: more than 0 is needed")


def run(command: Run) -> int | None:
    """Plays until the end, and says how it went."""
    if command.shadow_train:
        from understudy.cli.shadow import run_shadow

        return run_shadow(command)
    from rich.console import Console

    from understudy.cli.live import LiveSettings, open_live

    console = Console(soft_wrap=True)
    _say_what_is_not_done(command, console)
    settings = LiveSettings(
        models=command.models,
        seed=command.seed,
        map=command.map,
        size=command.size,
        hand_back_s=command.hand_back_s,
        test_mode=command.test_mode,
    )
    with open_live(settings, console) as game:
        interrupted = _play(command, game, console)
    return EXIT_INTERRUPTED if interrupted else None


def _play(command: Run, game: "LiveGame", console: "Console") -> bool:
    """Plays and prints the summary, also after Ctrl-C; says whether it was that."""
    from understudy.cli.live import in_words, summary

    name = "test" if command.test_mode else "understudy"
    recorder = game.recorder(command.out, f"{name}_recording") if command.save_recordings else None
    console.print(f"Playing with {in_words(game.identities)}.", highlight=False)
    console.print("Touch mouse or keyboard to take over. F1 pause, F2 that was wrong, F3 stop.", highlight=False)
    interrupted = False
    try:
        game.play(() if recorder is None else (recorder,), command.minutes)
    except KeyboardInterrupt:
        interrupted = True
    for line in summary(game):
        console.print(line, highlight=False)
    if recorder is not None:
        ended = f"Recorded: {recorder.path}" if recorder.failure is None else f"Recording ended: {recorder.failure}"
        console.print(ended, highlight=False)
    return interrupted


def _say_what_is_not_done(command: Run, console: "Console") -> None:
    """One line for each thing that the guide promises of this command and this version does not do."""
    if not command.no_online_learning and not command.test_mode:
        console.print("This version does not learn online: it plays with the weights that it is given.")
    if command.shadow_lr != Run.shadow_lr:
        console.print("--shadow-lr means nothing without --shadow-train and is ignored.")
