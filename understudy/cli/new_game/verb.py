"""`understudy new-game`: the steps from a game's window to policies that play it, one after the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Minutes
from understudy.cli.flags.output_paths import Output
from understudy.cli.flags.spellings import Flag
from understudy.cli.new_game.game_folder import STEPS, GameFolder, StepName

if TYPE_CHECKING:
    from understudy.cli.new_game.dialogue import Dialogue

TITLES: dict[StepName, str] = {
    "window": "The game's window",
    "play": "Play it",
    "discover": "Find what is in the pictures",
    "kinds": "Say what is what",
    "detector": "Train its detector",
    "perceive": "Look at the play again",
    "train": "Train the three policies",
    "run": "Let them play",
}


@dataclass(frozen=True, kw_only=True)
class NewGame:
    """Teach it a game of yours, step by step: window, play, discovery, names, training, play.

    Leave it at any step by Ctrl-C; the same command goes on from there.
    """

    name: Positional[str]
    """What the game is to be called."""
    folder: Annotated[Path | None, Output(kind="folder", default=Path("games"))] = None
    """Folder for everything that is made; by default games/NAME."""
    window: str | None = None
    """Title of the game's window, or a part of it; by default the open windows are listed."""
    play_area: str | None = None
    """Part of the window that is the game, in its pixels: left top right bottom; `-` for all of it, `moving` for what
    moves. By default what moves is proposed, and a person decides."""
    point: Flag[bool] = False
    """Point at the play area with the mouse, in a window that shows the game's, in place of typing pixels."""
    keys: str | None = None
    """Keys that the game knows, with blanks between (wheel_up and wheel_down are the mouse wheel's); by default those
    that you press while you play."""
    click_keys: str = ""
    """Those of them that the game takes as a click at the cursor, as rhythm games take z and x."""
    minutes: Minutes = 10.0
    """Minutes of play to record; F3 ends it earlier."""
    again: StepName | None = None
    """Do this step and all later ones again."""
    until: StepName = "run"
    """Stop after this step."""
    unattended: Flag[bool] = False
    """Ask nothing: take what is suggested, and stop before the policies play."""


def run(command: NewGame) -> int:
    """Does the steps that are left; returns 130 after Ctrl-C."""
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.profile_questions import require_game_name

    require_game_name(command.name)
    folder = GameFolder(command.folder or Path("games") / command.name, command.name)
    dialogue = Dialogue(unattended=command.unattended)
    if command.again is not None:
        _require_begun(folder, command.again)
        folder.redo_from(command.again)
    try:
        return _do_steps(command, folder, dialogue)
    except KeyboardInterrupt:
        step = folder.next_step
        dialogue.say(f"Left at the step {step!r}. The same command goes on from here.")
        return EXIT_INTERRUPTED


def _do_steps(command: NewGame, folder: GameFolder, dialogue: "Dialogue") -> int:
    _say_what_is_done(folder, dialogue)
    last = STEPS.index(command.until)
    while (step := folder.next_step) is not None and STEPS.index(step) <= last:
        dialogue.say_title(f"{STEPS.index(step) + 1} of {len(STEPS)}: {TITLES[step]}")
        code = _do(step, command, folder, dialogue)
        if code:
            dialogue.say(f"Left at the step {step!r}. The same command goes on from here.")
            return code
        dialogue.say(folder.progress.done[step])
    return 0


def _do(step: StepName, command: NewGame, folder: GameFolder, dialogue: "Dialogue") -> int:
    """Does one step, which notes in the folder that it is done; another exit code than 0 ends the command."""
    match step:
        case "window":
            from understudy.cli.new_game.window_step import choose_window

            return choose_window(command, folder, dialogue)
        case "play":
            from understudy.cli.new_game.play_step import record_play

            return record_play(command, folder, dialogue)
        case "discover":
            from understudy.cli.new_game.discover_steps import discover_kinds

            return discover_kinds(folder, dialogue)
        case "kinds":
            from understudy.cli.new_game.kinds_step import name_kinds

            return name_kinds(command, folder, dialogue)
        case "detector":
            from understudy.cli.new_game.discover_steps import train_detector

            return train_detector(folder, dialogue)
        case "perceive":
            from understudy.cli.new_game.learn_steps import perceive_play

            return perceive_play(folder, dialogue)
        case "train":
            from understudy.cli.new_game.learn_steps import train_policies

            return train_policies(folder, dialogue)
        case "run":
            from understudy.cli.new_game.run_step import let_play

            return let_play(folder, dialogue)


def _say_what_is_done(folder: GameFolder, dialogue: "Dialogue") -> None:
    for step, words in folder.progress.done.items():
        dialogue.say(f"{step}: {words}")
    if folder.next_step is None:
        dialogue.say(f"All steps are done. To do one again:  --again {STEPS[0]}|{'|'.join(STEPS[1:])}")


def _require_begun(folder: GameFolder, step: StepName) -> None:
    from understudy.contract.errors import FlagError

    missing = next((one for one in STEPS[: STEPS.index(step)] if one not in folder.progress.done), None)
    if missing is not None:
        raise FlagError(
            f"--again {step} was given, but the step {missing} before it is not done yet: leave --again out."
        )
