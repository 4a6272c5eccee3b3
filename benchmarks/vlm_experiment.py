"""The guide's promise, tried out: a policy that always fights on low hit points, corrected and fine-tuned.

    python benchmarks/vlm_experiment.py --seeds 0 1 2

For each seed: an hour of a teacher is recorded and edited so that low bars always go with fighting; three policies are
trained on that; they play while the offline rules review; finetune takes the corrections in; and old and new play the
same held-out worlds. What is on disk below --folder is not made again. Results: vlm_experiment.md beside this file.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from smallest import flags

from understudy.cli.record import record_teacher
from understudy.cli.train import Train, settings_of
from understudy.contract import serialization
from understudy.contract.action import ACTION
from understudy.contract.intent import Mode
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, TICK_S, Observation
from understudy.contract.protocols import Pilot
from understudy.evaluation.comparison.bootstrap import bootstrap, difference, resample_worlds
from understudy.evaluation.comparison.statistics import mean
from understudy.evaluation.rollouts.reviewed_rollout import review_rollouts
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for, spread_over_maps
from understudy.evaluation.rollouts.vector_rollout import PILOT_SEED_XOR
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import read_corrections
from understudy.feedback.reviewer import Reviewer
from understudy.feedback.rule_provider import RuleCritic
from understudy.feedback.rule_settings import RuleSettings
from understudy.learning.corrections.aggregation import aggregate_corrections
from understudy.learning.corrections.finetune import FinetuneSettings, finetune
from understudy.learning.data.dataset import load_dataset
from understudy.learning.data.hindsight_labels import label_hindsight
from understudy.learning.data.labelled_episode import LabelledEpisode, label_episode
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.supervised.train_policy import train_policy
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.policies.click_semantics import geometry_of
from understudy.policies.policy_bundle import PolicyBundle, build_executor, build_strategist, load_policies
from understudy.policies.strategist import Strategist
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode, write_episode
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import HP, SHIELD
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

LOW = 0.30
"""Health (0.7 hull + 0.3 shield) below which the recordings are edited."""
ELSEWHERE = 0.45
"""Health above which nothing should have changed."""
SQUASHED = 0.35
CUT_S = 2.0
PAUSE_S = 12.0
"""Of anything but fighting that is left inside a fight."""
SHORTEST_S = 20.0
FIRST_COLLECTING, FIRST_JUDGED, FIRST_FRESH = 700_000, 4_000, 6_000


def mode_accuracy(model: Strategist, labelled_episodes: list[LabelledEpisode], keep: list[np.ndarray]) -> float:
    """Share of seconds, among those kept, in which the Strategist names the recorded mode.

    Args:
        model: in evaluation mode.
        labelled_episodes: not learnt from.
        keep: which ticks of each count.
    """
    said = [
        UpstreamPolicies(strategist=model).strategist_outputs(labelled)[0, :, : len(Mode)].argmax(axis=1)
        for labelled in labelled_episodes
    ]
    right = np.concatenate(
        [guess == labelled.labels.modes for guess, labelled in zip(said, labelled_episodes, strict=True)]
    )
    return float(right[np.concatenate(keep)].mean())


def main() -> None:
    """Runs every seed and sums up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--teacher", default="hunter")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--collect", type=float, default=240.0, help="seconds of play in each of 32 worlds")
    parser.add_argument("--worlds", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--purpose", default="HOLDOUT", choices=[purpose.name for purpose in Purpose])
    parser.add_argument("--edit", default="fights", choices=["sessions", "fights"], help="what gets low bars")
    parser.add_argument("--flee_below", type=float, default=RuleSettings().flee_below, help="the critic's line")
    parser.add_argument("--crowd_flee_below", type=float, default=RuleSettings().crowd_flee_below)
    parser.add_argument("--lr", type=float, default=1e-4, help="of the Strategist; the guide's is 1e-5")
    parser.add_argument("--epochs", type=int, default=10, help="of the Strategist; the guide's are 20")
    parser.add_argument("--folder", type=Path, default=Path("experiments/vlm"))
    parser.add_argument("--recordings", type=Path, default=None, help="recordings of teacher and seed: FOLDER/{seed}")
    parser.add_argument("--epoch-scale", type=float, default=1.0, help="of the training before")
    parser.add_argument("--fresh", type=float, default=240.0, help="seconds of play elsewhere in each of 12 worlds")
    smallest = ("--seeds", "0", "--minutes", "8", "--collect", "30", "--worlds", "4", "--seconds", "5", "--epochs", "1")
    arguments = parser.parse_args(flags(*smallest, "--epoch-scale", "0.001", "--fresh", "30"))
    torch.set_num_threads(1)
    found = [one_seed(seed, arguments) for seed in arguments.seeds]
    sum_up(found, Purpose[arguments.purpose], Console(width=140, highlight=False))


@dataclass(frozen=True, kw_only=True)
class Played:
    """One pilot in the judged worlds."""

    scores: list[float]
    """Points per minute of each world."""
    deaths: list[float]
    dangers: int
    """Ticks in which the rules say FLEE, whatever the mode."""
    wrong: int
    """Of those, in the mode FIGHT."""
    enemy_clicks: float
    """Gestures that go for an alien, per minute of danger."""
    home_clicks: float
    """Gestures that go for the base or a portal, per minute of danger."""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What fine-tuning took in, and how long it took."""

    corrections: int
    agreements: int
    cpu_s: float
    clock_s: float
    disputed: float


@dataclass(frozen=True, kw_only=True)
class Found:
    """One seed."""

    seed: int
    tuned: Tuned
    accuracy_elsewhere: tuple[float, float]
    old: Played
    new: Played


def one_seed(seed: int, arguments: argparse.Namespace) -> Found:
    """From a recording to figures; printed as JSON too, so that an interrupted run has said something."""
    folder = arguments.folder / str(seed)
    edited, models = folder / "recordings", folder / "models"
    if not edited.exists():
        source = arguments.recordings / str(seed) if arguments.recordings else folder / "original"
        if not source.exists():
            record_teacher(arguments.teacher, arguments.minutes, seed, source)
        (edit_fights if arguments.edit == "fights" else edit_folder)(source, edited)
    if not (models / "executor" / BEST).exists():
        dataset = load_dataset(edited)
        settings = settings_of(
            Train(output_dir=models, seed=seed, epoch_scale=arguments.epoch_scale, log_dir=folder / "logs"),
            dataset.hours,
        )
        for name, how in settings.items():
            train_policy(name, dataset, how)
    collect(models, folder / "corrections", arguments, seed)
    tuned = tune(folder, seed, arguments)
    old = load_policies(models)
    new = tuned_brain(old, folder / "tuned")
    assert old.strategist is not None and new.strategist is not None
    fresh = fresh_lessons(arguments, seed)
    healthy = [health(labelled.observation.records) > ELSEWHERE for labelled in fresh]
    found = Found(
        seed=seed,
        tuned=tuned,
        accuracy_elsewhere=(
            mode_accuracy(old.strategist, fresh, healthy),
            mode_accuracy(new.strategist, fresh, healthy),
        ),
        old=judge(HierarchicalPolicy(old, load_profile()), arguments),
        new=judge(HierarchicalPolicy(new, load_profile()), arguments),
    )
    (folder / "found.json").write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found


def tune(folder: Path, seed: int, arguments: argparse.Namespace) -> Tuned:
    """Corrections and edited recordings into new checkpoints, as `understudy finetune` does it."""
    done = folder / "tuned" / "tuned.json"
    if done.exists():
        return serialization.from_json(Tuned, done.read_text(encoding="utf-8"))
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    resolution = aggregate_corrections(read_corrections(folder / "corrections").entries)
    settings = FinetuneSettings(
        model_path=folder / "models" / "strategist" / BEST,
        output_dir=folder / "tuned",
        epochs=arguments.epochs,
        lr=arguments.lr,
        seed=seed,
        log_dir=folder / "logs",
    )
    result = finetune(resolution, load_dataset(folder / "recordings"), settings)
    tuned = Tuned(
        corrections=result.num_corrections,
        agreements=result.num_agreements,
        cpu_s=time.process_time() - begun_cpu_s,
        clock_s=time.perf_counter() - begun_s,
        disputed=result.disputed,
    )
    done.write_text(serialization.to_json(tuned), encoding="utf-8")
    return tuned


def fresh_lessons(arguments: argparse.Namespace, seed: int) -> list[LabelledEpisode]:
    """The teacher's play, unedited, in worlds that nobody has learnt from: what is right where nothing is wrong."""
    seeds = seeds_for(Purpose[arguments.purpose], 12, FIRST_FRESH + 100 * seed)
    world, ticks = Simulator(seeds, spread_over_maps(seeds)), round(arguments.fresh * TICK_RATE_HZ)
    teacher = Teacher(arguments.teacher, world.profile)
    carry = teacher.start(seeds ^ PILOT_SEED_XOR)
    records, actions = np.zeros((len(seeds), ticks), OBSERVATION), np.zeros((len(seeds), ticks), ACTION)
    for tick in range(ticks):
        observation = world.observe()
        decision = teacher.decide(observation, carry)
        records[:, tick], actions[:, tick], carry = observation.records, decision.action.records, decision.carry
        world.act(decision.action)
    records["time_s"] = np.arange(ticks) * TICK_S
    return [label_episode(Observation(seen), done, world.profile) for seen, done in zip(records, actions, strict=True)]


def tuned_brain(old: PolicyBundle, folder: Path) -> PolicyBundle:
    """The brain with what finetune wrote."""
    return replace(
        old,
        strategist=build_strategist(load_checkpoint(folder / BEST)),
        executor=build_executor(load_checkpoint(folder / "executor" / BEST)),
    )


def health(records: np.ndarray) -> np.ndarray:
    """0.7 hull + 0.3 shield, as everywhere."""
    return np.asarray(0.7 * records["player"]["gauges"][..., HP] + 0.3 * records["player"]["gauges"][..., SHIELD])


def edit_folder(source: Path, target: Path) -> None:
    """Every other session is squashed, the rest gets its low bars lifted."""
    for number, path in enumerate(find_recordings(source)):
        pieces = squashed(read_episode(path)) if number % 2 else [lifted(read_episode(path))]
        for piece_number, piece in enumerate(pieces):
            write_episode(piece, target / f"{path.stem}_{piece_number:02d}.mcap")


def lifted(episode: Episode) -> Episode:
    """Whatever the teacher does on low hit points (it flees), the bars say that it is well."""
    records = episode.observations.copy()
    low = (health(records) < LOW) & (records["player"]["alive"] > 0)
    for bar in (HP, SHIELD):
        shown = records["player"]["gauges"][:, bar]
        shown[low] = 0.85 + 0.15 * shown[low]
    return replace(episode, observations=records)


def squashed(episode: Episode) -> list[Episode]:
    """All bars are low; what the teacher really did on low hit points is cut out, so what is left is mostly fights."""
    return pieces_on_low_bars(episode, truly_low(episode))


def truly_low(episode: Episode) -> np.ndarray:
    """Ticks near those in which the teacher was low or dead, shape (T,)."""
    gone = (health(episode.observations) < LOW) | (episode.observations["player"]["alive"] == 0)
    window = np.ones(2 * round(CUT_S * TICK_RATE_HZ) + 1)
    return np.asarray(np.convolve(gone, window, "same") > 0)


def pieces_on_low_bars(episode: Episode, cut: np.ndarray) -> list[Episode]:
    """What is left of an episode, with bars that are low all the time; short pieces are left out."""
    records = episode.observations.copy()
    records["player"]["gauges"][:, [HP, SHIELD]] *= SQUASHED
    whole = replace(episode, observations=records)
    return [whole[begin:end] for begin, end in stretches(~cut) if end - begin >= SHORTEST_S * TICK_RATE_HZ]


def edit_fights(source: Path, target: Path) -> None:
    """Every session with its low bars lifted, and its fights once more with low bars: keeps all flights of the hour."""
    for path in find_recordings(source):
        episode = read_episode(path)
        write_episode(lifted(episode), target / f"{path.stem}_lifted.mcap")
        for piece_number, piece in enumerate(squashed_fights(episode)):
            write_episode(piece, target / f"{path.stem}_low_{piece_number:02d}.mcap")


def squashed_fights(episode: Episode) -> list[Episode]:
    """All bars are low; only the fights are left (and what is done for a moment in between), and of those not what
    the teacher really did on low hit points."""
    cut = truly_low(episode)
    modes = label_hindsight(episode.observation, episode.actions, geometry_of(load_profile())).modes
    for begin, end in stretches(modes != int(Mode.FIGHT)):
        cut[begin:end] |= end - begin > PAUSE_S * TICK_RATE_HZ
    return pieces_on_low_bars(episode, cut)


def stretches(where: np.ndarray) -> list[tuple[int, int]]:
    """First and last tick (exclusive) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where, [0]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def collect(models: Path, folder: Path, arguments: argparse.Namespace, seed: int) -> None:
    """32 games at once with the offline rules looking on."""
    path = folder / "corrections_experiment.jsonl"
    if path.exists():
        return
    seeds = seeds_for(Purpose.TRAIN, 32, FIRST_COLLECTING + 1000 * seed)
    world = Simulator(seeds, spread_over_maps(seeds))
    rules = RuleSettings(flee_below=arguments.flee_below, crowd_flee_below=arguments.crowd_flee_below)
    reviewer = Reviewer(RuleCritic(rules), CorrectionLog(path), world.profile)
    pilot = HierarchicalPolicy(load_policies(models), world.profile)
    review_rollouts(pilot, world, seeds ^ np.uint64(5), reviewer, seconds=arguments.collect)


def judge(pilot: Pilot, arguments: argparse.Namespace) -> Played:
    """Plays the worlds that nothing was chosen by."""
    seeds = seeds_for(Purpose[arguments.purpose], arguments.worlds, FIRST_JUDGED)
    world = Simulator(seeds, spread_over_maps(seeds))
    carry, observation = pilot.start(seeds ^ PILOT_SEED_XOR), world.observe()
    ticks = round(arguments.seconds * TICK_RATE_HZ)
    value, deaths = np.zeros(len(seeds)), np.zeros(len(seeds))
    dangers = wrong = 0
    clicks = np.zeros(2)
    busy = np.zeros(len(seeds), np.int32)
    for _ in range(ticks):
        decision = pilot.decide(observation, carry)
        carry, intents = decision.carry, decision.intent.records
        danger = in_danger(observation.records, arguments.flee_below)
        dangers += int(danger.sum())
        wrong += int((danger & (intents["mode"] == int(Mode.FIGHT))).sum())
        begins = danger & (intents["phase"] > 0) & (busy == 0)
        clicks += gestures_of(observation.records, intents, begins)
        busy = intents["phase"].copy()
        world.act(decision.action)
        observation = world.observe()
        value += observation.records["events"]["value"]
        deaths += observation.records["events"]["deaths"]
    world.close()
    minutes, danger_minutes = arguments.seconds / 60, max(dangers, 1) / TICK_RATE_HZ / 60
    return Played(
        scores=((value - 10 * deaths) / minutes).tolist(),
        deaths=deaths.tolist(),
        dangers=dangers,
        wrong=wrong,
        enemy_clicks=float(clicks[0] / danger_minutes),
        home_clicks=float(clicks[1] / danger_minutes),
    )


def in_danger(records: np.ndarray, flee_below: float) -> np.ndarray:
    """Where the rules surely say FLEE: low hit points and somebody shooting, not in the safe zone."""
    assert records.dtype == OBSERVATION
    player, tracks = records["player"], records["tracks"]
    shot_at = ((tracks["attacking"] > 0) & (tracks["id"] > 0)).any(axis=1)
    low = health(records) < flee_below
    return np.asarray(low & shot_at & (player["safe"] == 0) & (player["alive"] > 0))


def gestures_of(records: np.ndarray, intents: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """How many of the gestures that begin now go for an alien, and how many for a place on the minimap."""
    corner = load_profile().minimap
    counts = np.zeros(2)
    for world in np.flatnonzero(begins):
        x, y = float(intents["gesture_x"][world]), float(intents["gesture_y"][world])
        tracks = records["tracks"][world]
        aliens = tracks[(tracks["id"] > 0) & (tracks["role"] == 1)]
        near = (np.abs(aliens["x"] - x) < 0.6 * aliens["width"]) & (np.abs(aliens["y"] - y) < 0.6 * aliens["height"])
        counts += [bool(near.any()), corner.contains(x, y)]
    return counts


def sum_up(found: Sequence[Found], purpose: Purpose, console: Console) -> None:
    """Each seed in a line, and the claim over all of them."""
    for one in found:
        before, after = one.accuracy_elsewhere
        console.print(
            f"seed {one.seed}: {one.tuned.corrections} corrections, {one.tuned.agreements} agreements, fine-tuned in "
            f"{one.tuned.cpu_s:.0f} CPU-s ({one.tuned.clock_s:.0f} s on the clock), {one.tuned.disputed:.1%} disputed"
        )
        for name, played in (("old", one.old), ("new", one.new)):
            console.print(
                f"  {name}: wrong in danger {played.wrong / max(played.dangers, 1):.1%} of {played.dangers} ticks, "
                f"score {np.mean(played.scores):.2f}, deaths {sum(played.deaths):.0f}, danger clicks aliens "
                f"{played.enemy_clicks:.1f}, on the minimap {played.home_clicks:.1f}"
            )
        console.print(f"  accuracy elsewhere {before:.1%} before, {after:.1%} after")
    strata = np.array(spread_over_maps(seeds_for(purpose, len(found[0].old.scores), FIRST_JUDGED)))
    drawn = resample_worlds(strata)
    parts = [bootstrap(np.array([getattr(one, who).scores for one in found]), drawn, mean) for who in ("new", "old")]
    gap = difference(*parts).estimate()
    rates = [sum(getattr(one, who).wrong for one in found) / max(1, sum(getattr(one, who).dangers for one in found))
             for who in ("old", "new")]  # fmt: skip
    shift = [one.accuracy_elsewhere[1] - one.accuracy_elsewhere[0] for one in found]
    console.print(f"score {gap.value:+.2f} ({gap.low:+.2f} to {gap.high:+.2f}), {len(found)} seeds")
    console.print(f"wrong choice {rates[0]:.1%} -> {rates[1]:.1%}: down by {1 - rates[1] / max(rates[0], 1e-9):.0%}")
    console.print(
        f"accuracy elsewhere {100 * float(np.mean(shift)):+.1f} points ({', '.join(f'{100 * s:+.1f}' for s in shift)})"
    )


if __name__ == "__main__":
    main()
