"""Step `run`: the policies decide without touching anything, and then play."""

from typing import TYPE_CHECKING

from understudy.contract.errors import FlagError

if TYPE_CHECKING:
    from understudy.cli.live.run import Run
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder

TEST_MINUTES = 0.5


def let_play(folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Shows the commands; a person may start them here, test mode first.

    Raises:
        WorldError: if the game's window is not there.
    """
    from understudy.cli.live import run as live

    dialogue.say("In test mode it decides and touches nothing; then it plays, and you take over by the mouse:")
    flags = f"--world desktop --profile {folder.profile} --detector {folder.detector} --models {folder.models}"
    dialogue.say(f"  understudy run {flags} --test-mode")
    dialogue.say(f"  understudy run {flags}")
    if dialogue.unattended:
        folder.finish("run", "The commands are above.")
        return 0
    if dialogue.ask(f"Test mode for {60 * TEST_MINUTES:.0f} seconds now? y or n", _yes_or_no, suggested="y"):
        live.run(command_of(folder, test_mode=True, minutes=TEST_MINUTES))
    if dialogue.ask("Let it play now, until you press F3? y or n", _yes_or_no, suggested="n"):
        code = live.run(command_of(folder, test_mode=False, minutes=None))
        if code:
            return code
    folder.finish("run", "The commands are above.")
    return 0


def command_of(folder: "GameFolder", *, test_mode: bool, minutes: float | None) -> "Run":
    """Returns the command that plays the game of a folder."""
    from understudy.cli.live.run import Run

    return Run(
        world="desktop",
        window=folder.progress.window_title,
        profile=str(folder.profile),
        model=folder.detector,
        models=folder.models,
        test_mode=test_mode,
        no_online_learning=True,
        minutes=minutes,
    )


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("y", "yes", "n", "no"):
        raise FlagError(f"{text!r} was given where y or n was expected.")
    return text.lower().startswith("y")
