"""What missed ticks cost: an hour of the teacher's play, whole and with half of its ticks missed, learnt and judged.

    python benchmarks/missing_ticks.py --folder out/missing_ticks      (results: README.md)
    python benchmarks/missing_ticks.py --smallest                      (that every part of it works)

Records once, makes of it what a busy machine would have recorded (which misses every other tick, each by a coin, or
bursts of up to half a second; half of them in all), trains each with the settings of `understudy train`, and judges on
CHOOSE worlds. A share is (score - random's) / (that of the whole hour - random's), IQM, with a 95 % interval over
worlds; one training seed. What is trained in the folder already is not trained again.

A machine that misses ticks still hears mouse and keyboard, and the next tick tells what happened since the one before.
With --drop, rows are deleted from the recording instead, and the presses and events in them are gone: that is harder.
"""

import argparse
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from rich.console import Console

from understudy.cli.record import record_teacher
from understudy.cli.train import Train, settings_of
from understudy.contract.action import ACTION
from understudy.contract.observation import EVENTS, TICK_S, Button
from understudy.evaluation.comparison.compare import Entry, play_contestants, summarise
from understudy.evaluation.diagnostics.diagnose import diagnose
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised.train_policy import train_policy
from understudy.recordings.episode import Episode
from understudy.recordings.store import read_episode, write_episode
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.input_accumulator import InputAccumulator
from understudy.worlds.simulator.teacher.teacher import Teacher

WHOLE = "whole"
LONGEST_BURST = 10
DONE = "trained"
"""An empty file beside the models once all three are there."""


def every_other(ticks: int, random: np.random.Generator) -> Bool[np.ndarray, " T"]:
    """Keeps one tick of two."""
    return np.arange(ticks) % 2 == 0


def at_random(ticks: int, random: np.random.Generator) -> Bool[np.ndarray, " T"]:
    """Keeps each tick by a coin."""
    return random.random(ticks) < 0.5


def in_bursts(ticks: int, random: np.random.Generator) -> Bool[np.ndarray, " T"]:
    """Drops bursts of 1 to LONGEST_BURST ticks, with as many kept between two of them on average."""
    lengths = random.integers(1, LONGEST_BURST + 1, ticks)
    return np.repeat(np.arange(ticks) % 2 == 0, lengths)[:ticks]


PATTERNS: dict[str, Callable[[int, np.random.Generator], Bool[np.ndarray, " T"]]] = {
    "every other tick": every_other,
    "at random": at_random,
    "in bursts": in_bursts,
}


def drop_ticks(episode: Episode, kept: Bool[np.ndarray, " T"]) -> Episode:
    """A session without some of its ticks, their actions and events.

    Args:
        episode: as it was recorded.
        kept: which ticks stay.
    """
    return replace(
        episode,
        observations=episode.observations[kept],
        actions=episode.actions[kept],
        actors=episode.actors[kept],
        intents=None,
    )


def miss_ticks(episode: Episode, kept: Bool[np.ndarray, " T"]) -> Episode:
    """The session as a machine that missed some ticks would have recorded it, through the recorder's own accumulator.

    Mouse and keyboard are heard with their times and wait for the next tick; so do the game's events.
    """
    missed = drop_ticks(episode, kept)
    for name in EVENTS.names or ():
        sums = np.cumsum(episode.observations["events"][name], dtype=np.float64)[kept]
        missed.observations["events"][name] = np.diff(sums, prepend=0.0)
    hands, inputs, actions = InputAccumulator(episode.info.profile), [], []
    held = np.zeros(1, ACTION)[0]
    for time_s, action, stays in zip(episode.observations["time_s"].tolist(), episode.actions, kept, strict=True):
        _play_tick(hands, held, action, time_s + 0.5 * TICK_S, len(episode.info.profile.keys))
        held = action
        if stays:
            actions.append(hands.end_tick().records)
            inputs += hands.take_inputs()
    done = np.concatenate(actions)
    for name in ("cursor_x", "cursor_y", "keys", "button"):
        missed.observations[name][1:] = done[name][:-1]
    return replace(missed, actions=done, inputs=tuple(inputs))


def _play_tick(hands: InputAccumulator, held: np.void, action: np.void, time_s: float, num_keys: int) -> None:
    """Turns the change from one action to the next into raw events."""
    place = [float(action["cursor_x"]), float(action["cursor_y"])]
    if (place[0], place[1]) != (float(held["cursor_x"]), float(held["cursor_y"])):
        hands.move(place, time_s)
    if action["button"] != held["button"]:
        for which, down in ((held["button"], False), (action["button"], True)):
            if which:
                hands.turn_button(Button(int(which)), down=down, place=place, time_s=time_s)
    changed = int(action["keys"] ^ held["keys"])
    for key in range(num_keys):
        if changed >> key & 1:
            hands.turn_key(1 << key, down=bool(int(action["keys"]) >> key & 1), time_s=time_s)


def place_of(name: str, arguments: argparse.Namespace) -> Path:
    """The folder of one kind of recording."""
    kind = "_dropped" if arguments.drop and name != WHOLE else ""
    place: Path = arguments.folder / f"{name.replace(' ', '_')}{kind}"
    return place


def recordings_of(name: str, arguments: argparse.Namespace) -> Path:
    """The folder of the whole recordings, or of those without some ticks, made where it is not there yet."""
    folder = place_of(name, arguments) / "recordings"
    if folder.exists():
        return folder
    if name == WHOLE:
        record_teacher(arguments.teacher, arguments.minutes, arguments.seed, folder)
        return folder
    unfinished = folder.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    random = np.random.default_rng(arguments.seed)
    for path in sorted(recordings_of(WHOLE, arguments).glob("*.mcap")):
        episode = read_episode(path)
        kept = PATTERNS[name](len(episode), random)
        write_episode((drop_ticks if arguments.drop else miss_ticks)(episode, kept), unfinished / path.name)
    unfinished.rename(folder)
    return folder


def train(name: str, recordings: Path, arguments: argparse.Namespace) -> tuple[Path, str]:
    """The folder of the three policies, trained where they are not there yet, and how much there was to learn from."""
    models = place_of(name, arguments) / "models"
    dataset = load_dataset(recordings)
    if not (models / DONE).exists():
        command = Train(
            output_dir=models,
            log_dir=models / "logs",
            seed=arguments.training_seed,
            quick=arguments.smallest,
            epoch_scale=0.02 if arguments.smallest else 1.0,
        )
        for policy, settings in settings_of(command, dataset.recorded_hours).items():
            train_policy(policy, dataset, replace(settings, device="cpu"))
        (models / DONE).touch()
    return models, f"{60 * dataset.hours:.1f} | {60 * dataset.recorded_hours:.1f}"


def main() -> None:
    """Records, drops, trains, judges, prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patterns", nargs="*", default=["at random", "in bursts"], choices=list(PATTERNS))
    parser.add_argument("--teacher", default="hunter")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--training-seed", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--drop", action="store_true", help="drop presses and events along with their ticks")
    parser.add_argument("--smallest", action="store_true", help="ten minutes, hardly trained, two worlds of 5 s")
    parser.add_argument("--folder", type=Path, default=Path("out/missing_ticks"))
    arguments = parser.parse_args()
    if arguments.smallest:
        arguments.minutes, arguments.worlds, arguments.seconds = 10.0, 2, 5.0
    console, profile = Console(soft_wrap=True, highlight=False), load_profile("darkorbit")
    names = [WHOLE, *arguments.patterns]
    everyone = [
        Entry(name="random", kind="baseline", pilots=(BASELINES["random"](profile),)),
        Entry(name="teacher", kind="person", pilots=(Teacher(arguments.teacher, profile),)),
    ]
    told = {}
    for name in names:
        recordings = recordings_of(name, arguments)
        models, minutes = train(name, recordings, arguments)
        told[name] = f"{minutes} | {', '.join(sign.name for sign in diagnose(recordings).findings) or 'nothing'}"
        everyone.append(Entry(name=name, kind="policy", pilots=(load_hierarchy(models, profile),)))
        console.print(f"{name}: recorded and trained", style="dim")
    played = play_contestants(everyone, seeds_for(Purpose.CHOOSE, arguments.worlds), arguments.seconds)
    of_whole, of_teacher = (summarise(played, person=person, random="random") for person in (WHOLE, "teacher"))
    console.print(
        "| ticks | score/min | of the whole hour's | of the teacher | minutes | recorded | the doctor finds |"
    )
    console.print(f"|{'---|' * 7}")
    for name in names:
        shares = (summary.row(name).normalised for summary in (of_whole, of_teacher))
        cells = [f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})" for share in shares]
        console.print(f"| {name} | {of_whole.row(name).score.text()} | {' | '.join(cells)} | {told[name]} |")


if __name__ == "__main__":
    main()
