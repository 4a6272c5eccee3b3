"""Step `play`: the person plays, and pictures and input are recorded; says what is still missing."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from understudy.contract.protocols import Step

if TYPE_CHECKING:
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder
    from understudy.cli.new_game.verb import NewGame
    from understudy.recordings.episode import Episode

EVERY_S = 30.0
"""Seconds of play between two lines of what is missing."""
SHORTEST_MINUTES = 2.0
"""Less play is hardly worth discovering objects in."""
FEWEST_INPUTS = 100
"""Clicks and key presses from which there is enough to learn from; below 20 clicks training refuses to start."""
EXIT_INTERRUPTED = 130


class PlayNeeds:
    """A Listener that says every half minute what the play still lacks. Belongs to the session's thread."""

    def __init__(self, notify: Callable[[str], None], minutes: float, before: "tuple[float, int]" = (0.0, 0)) -> None:
        """Args:
        notify: prints a line; must not block.
        minutes: wished for.
        before: minutes, and clicks and key presses, of earlier recordings.
        """
        self._notify, self._minutes = notify, minutes
        self._minutes_before, self._num_inputs = before
        self._start_s: float | None = None
        self._next_s = 0.0

    def on_step(self, step: Step) -> None:
        """Counts one tick."""
        now_s = float(step.observation.records["time_s"][0])
        if self._start_s is None:
            self._start_s, self._next_s = now_s, now_s + EVERY_S
        self._num_inputs += sum(event.kind == "press" for event in step.inputs)
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            missing = missing_of(self._minutes_before + (now_s - self._start_s) / 60, self._num_inputs, self._minutes)
            self._notify(f"Still missing: {missing}." if missing else "That is enough: F3 ends it, or play on.")

    def close(self) -> None:
        """Nothing to close."""


def missing_of(minutes: float, num_inputs: int, wanted_minutes: float) -> str:
    """Returns what the play lacks in words; empty if it is enough."""
    lacks = []
    if minutes < wanted_minutes - 0.02:
        lacks.append(f"{wanted_minutes - minutes:.1f} minutes of play")
    if num_inputs < FEWEST_INPUTS:
        lacks.append(f"{FEWEST_INPUTS - num_inputs} clicks or key presses ({num_inputs} so far)")
    return ", ".join(lacks)


def record_play(command: "NewGame", folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Records until the time is up or F3; then says what there is. What was recorded before is kept and counts."""
    from understudy.cli.live import recorder

    before = amount_of(play_of(folder))
    left = command.minutes - before[0]
    if left > 0.05:
        dialogue.say(
            f"Play as you usually do for {left:.1f} minutes, and use all that matters: every key, every kind of thing, "
            "every map. Nothing is sent to the game."
        )
        code = recorder.run(
            recorder.RecorderV2(
                window=folder.progress.window_title,
                profile=str(folder.profile),
                out=folder.play,
                minutes=left,
                start_now=True,
                video=True,
                perceive="later",
            ),
            (lambda notify: PlayNeeds(notify, command.minutes, before),),
        )
        if code:
            return code
    minutes, num_inputs = amount_of(play_of(folder))
    missing = missing_of(minutes, num_inputs, command.minutes)
    enough = minutes >= min(SHORTEST_MINUTES, command.minutes - 0.02) and num_inputs > 0
    if missing and not enough:
        dialogue.say(f"Still missing: {missing}.")
        return EXIT_INTERRUPTED
    advice = f" More would help: {missing}." if missing else ""
    folder.finish("play", f"{minutes:.1f} minutes with {num_inputs} clicks and key presses.{advice}")
    return 0


def play_of(folder: "GameFolder") -> "list[Episode]":
    """Returns the recordings of the step, oldest first; none if there is none."""
    from understudy.contract.errors import NoRecordingsError
    from understudy.recordings.store import finished_recordings, read_episode

    try:
        return [read_episode(path) for path in finished_recordings(folder.play)]
    except NoRecordingsError:
        return []


def amount_of(episodes: "list[Episode]") -> tuple[float, int]:
    """Returns minutes of play, and the number of clicks and key presses in it."""
    minutes = sum(episode.duration_s for episode in episodes) / 60
    return minutes, sum(event.kind == "press" for episode in episodes for event in episode.inputs)
