"""Step `play`: the person plays, and pictures and input are recorded; says what is still missing."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from understudy.cli.live.recording_status import UsableTime
from understudy.contract.protocols import Step
from understudy.recordings.episode import SHORTEST_S

if TYPE_CHECKING:
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder
    from understudy.cli.new_game.verb import NewGame
    from understudy.recordings.episode import Episode

EVERY_S = 30.0
"""Seconds of play between two lines of what is missing."""
SHORTEST_MINUTES = 3.0
"""Training refuses less."""
SLACK_MINUTES = 0.05
"""Less than this is not missing."""
FEWEST_INPUTS = 100
"""Clicks and key presses from which there is enough to learn from; below 20 clicks training refuses to start."""
EXIT_TOO_LITTLE = 1
UNUSABLE_AFTER_S = 60.0
"""Where nobody is there to help, the game's window may be closed, covered or without focus for so long."""


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
        self._usable = UsableTime()

    def on_step(self, step: Step) -> None:
        """Counts one tick."""
        now_s = float(step.observation.records["time_s"][0])
        if self._start_s is None:
            self._start_s, self._next_s = now_s, now_s + EVERY_S
        self._num_inputs += sum(event.kind == "press" for event in step.inputs)
        self._usable.add(now_s)
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            elapsed_s = now_s - self._start_s
            usable_s = self._usable.seconds if elapsed_s >= SHORTEST_S else elapsed_s
            missing = missing_of(self._minutes_before + usable_s / 60, self._num_inputs, self._minutes)
            self._notify(f"Still missing: {missing}." if missing else "That is enough: F3 ends it, or play on.")

    def close(self) -> None:
        """Nothing to close."""


def missing_of(minutes: float, num_inputs: int, wanted_minutes: float) -> str:
    """Returns what the play lacks in words; empty if it is enough."""
    lacks = []
    if minutes < wanted_minutes - SLACK_MINUTES:
        lacks.append(f"{wanted_minutes - minutes:.1f} minutes of play that can be learnt from")
    if num_inputs < FEWEST_INPUTS:
        lacks.append(f"{FEWEST_INPUTS - num_inputs} clicks or key presses ({num_inputs} so far)")
    return ", ".join(lacks)


def record_play(command: "NewGame", folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Records until the time is up or F3; then says what there is. What was recorded before is kept and counts.

    Returns 1 if there is too little to go on with, 130 after Ctrl-C.

    Raises:
        WorldError: if nobody is there and the game's window was closed, covered or left for good.
    """
    from understudy.cli.live import recorder

    recorded = play_of(folder)
    before, left = amount_of(recorded), minutes_to_play(recorded, command.minutes)
    if left > SLACK_MINUTES:
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
            unusable_after_s=UNUSABLE_AFTER_S if command.unattended else None,
        )
        if code:
            return code
    recorded = play_of(folder)
    minutes, num_inputs = amount_of(recorded)
    missing = missing_of(minutes, num_inputs, command.minutes)
    enough = minutes >= min(SHORTEST_MINUTES, command.minutes - SLACK_MINUTES) and num_inputs > 0
    if missing and not enough:
        dialogue.say(f"Still missing: {missing}.")
        return EXIT_TOO_LITTLE
    refusal = refusal_of(recorded)
    if refusal and command.minutes >= SHORTEST_MINUTES:
        dialogue.say(f"Training would refuse this play. {refusal} Play on: the same command records more.")
        return EXIT_TOO_LITTLE
    advice = f" More would help: {missing}." if missing else ""
    folder.finish("play", f"{minutes:.1f} minutes with {num_inputs} clicks and key presses.{advice}")
    return 0


def minutes_to_play(recorded: "list[Episode]", wanted_minutes: float) -> float:
    """Returns the minutes that are still to be recorded.

    Where all that was wished for is there and training would refuse it, as on a machine that missed many ticks, the
    least that it takes is to be recorded once more.
    """
    left = wanted_minutes - amount_of(recorded)[0]
    if left <= SLACK_MINUTES and wanted_minutes >= SHORTEST_MINUTES and refusal_of(recorded):
        return SHORTEST_MINUTES
    return left


def refusal_of(recorded: "list[Episode]") -> str:
    """Returns why training would refuse recordings for their clicks, their length or their gaps; empty if it would
    not."""
    from understudy.contract.errors import TooLittlePlayError
    from understudy.learning.data.dataset import expert_segments, refuse_too_little, split_sessions
    from understudy.learning.data.gesture_segmentation import FEWEST_GESTURES

    names = [str(number) for number in range(len(recorded))]
    num_clicks = sum(map(_num_clicks, recorded))
    if num_clicks < FEWEST_GESTURES:
        return f"There are {num_clicks} clicks to learn from, and it needs at least {FEWEST_GESTURES}."
    train, held_out, _ = split_sessions([expert_segments(episode) for episode in recorded], names)
    try:
        refuse_too_little(train, held_out)
    except TooLittlePlayError as problem:
        return f"{problem.lack}."
    return ""


def _num_clicks(episode: "Episode") -> int:
    """Returns how often a mouse button, or a key that clicks, went down."""
    keys = sum(episode.info.profile.key_bit(name) for name in episode.info.profile.click_keys)
    held = (episode.actions["button"] != 0) | (episode.actions["keys"] & keys != 0)
    return int((held[1:] & ~held[:-1]).sum())


def play_of(folder: "GameFolder") -> "list[Episode]":
    """Returns the recordings of the step, oldest first; none if there is none."""
    from understudy.contract.errors import NoRecordingsError
    from understudy.recordings.store import finished_recordings, read_episode

    try:
        return [read_episode(path) for path in finished_recordings(folder.play)]
    except NoRecordingsError:
        return []


def _usable_s(episode: "Episode") -> float:
    if episode.duration_s < SHORTEST_S:
        return episode.duration_s
    usable = UsableTime()
    for time_s in episode.observations["time_s"].tolist():
        usable.add(time_s)
    return usable.seconds


def amount_of(episodes: "list[Episode]") -> tuple[float, int]:
    """Returns minutes of play that can be learnt from, and the number of clicks and key presses in it.

    Of a recording that is shorter than the shortest stretch to learn from, all counts.
    """
    minutes = sum(_usable_s(episode) for episode in episodes) / 60
    return minutes, sum(event.kind == "press" for episode in episodes for event in episode.inputs)
