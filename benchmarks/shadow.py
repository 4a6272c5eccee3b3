"""Shadow learning where the teacher changes its style: what is gained of the new one and lost of the old one.

    python benchmarks/shadow.py --models models/v2 --recordings recordings/v2_training --style kiter --streams 6

Each stream is `--minutes` of a teacher of the new style, fed to the learner at the guide's settings (an update each
3 s of play) from the same weights. Then both are judged on held-out worlds: agreement with the new style and, by the
earlier manner, with the old one, and in closed loop score, deaths, share of boxes and
fighting range. Results: shadow.md beside this file.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from understudy.contract.action import ACTION
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, TICK_S
from understudy.contract.profile import Profile
from understudy.contract.protocols import Pilot
from understudy.evaluation.arena import play
from understudy.evaluation.outcomes import Outcomes
from understudy.evaluation.seeds import Purpose, seeds_for
from understudy.learning.executor_samples import ExecutorSamples, join
from understudy.learning.onlooker import Onlooker
from understudy.learning.shadow_learner import ShadowLearner
from understudy.learning.shadow_reports import ShadowSettings
from understudy.learning.shadow_start import base_recordings, rehearse
from understudy.learning.upstream import Upstream
from understudy.policies.brain import Brain, load_brain
from understudy.policies.executor import Executor
from understudy.policies.manners import earlier_of
from understudy.runtime.hierarchy import Hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

HELD_OUT_WORLDS, HELD_OUT_MINUTES = 8, 3.0
FIRST_STREAM = 500_000
"""Streams are played in worlds that no recording of `understudy record` uses."""


def main() -> None:
    """Plays, learns, judges, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=Path, default=Path("models/v2"))
    parser.add_argument("--recordings", type=Path, default=Path("recordings/v2_training"))
    parser.add_argument("--old", default="hunter", help="the style that the models were trained on")
    parser.add_argument("--style", default="kiter")
    parser.add_argument("--streams", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=ShadowSettings.steps_per_update)
    parser.add_argument("--lr", type=float, default=ShadowSettings.learning_rate)
    parser.add_argument("--plain", action="store_true", help="no rehearsal and no averaging of weights")
    parser.add_argument("--worlds", type=int, default=32, help="of each closed loop; 0 leaves it out")
    parser.add_argument("--seconds", type=float, default=180.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    console, profile, brain = Console(width=140), load_profile(), load_brain(arguments.models)
    settings = ShadowSettings(learning_rate=arguments.lr, steps_per_update=arguments.steps)
    if arguments.plain:
        settings = replace(settings, ema_decay=0.0)
    new, old = (held_out(brain, style, profile) for style in (arguments.style, arguments.old))
    how = "plain" if arguments.plain else "with rehearsal and averaging"
    table = Table(title=f"{arguments.old} -> {arguments.style}, {arguments.minutes:g} min, {how}, {settings}")
    for column in ("stream", "updates", "clicks", "new before", "new after", "old before", "old after", "promote", "s"):
        table.add_column(column)
    learnt, figures = [], []
    played = streams(arguments.style, arguments.streams, arguments.minutes, profile)
    for number, (records, actions) in enumerate(played):
        begun_s = time.perf_counter()
        learner = learn(brain, profile, settings, None if arguments.plain else arguments, records, actions)
        learnt.append(learner.average.model)
        assert isinstance(learnt[-1], Executor)
        ways = ((new, brain.executor), (new, learnt[-1]), (old, brain.executor), (old, earlier_of(learnt[-1])))
        row = [learner.agreement(model, samples).share for samples, model in ways]
        figures.append(row)
        verdict = learner.judge()
        table.add_row(
            str(number),
            str(learner.num_updates),
            str(int((new.candidates >= 0).sum())),
            *(f"{100 * share:.1f}" for share in row),
            f"{verdict.promote}: {verdict.reason}",
            f"{time.perf_counter() - begun_s:.0f}",
        )
    console.print(table)
    gains = 100 * np.diff(np.array(figures).reshape(len(figures), 2, 2), axis=2)[..., 0]
    console.print("points of agreement: new", interval(gains[:, 0]), "  old", interval(gains[:, 1]))
    if arguments.worlds:
        console.print(closed_loop(arguments, brain, learnt[0], profile))


def learn(
    brain: Brain,
    profile: Profile,
    settings: ShadowSettings,
    base: argparse.Namespace | None,
    records: np.ndarray,
    actions: np.ndarray,
) -> ShadowLearner:
    """One stream, as in play: ten ticks at a time, an update whenever the play's own clock says so."""
    torch.manual_seed(settings.seed)
    rehearsal = None
    if base is not None:
        written_s = (base.models / "executor" / "best_model.pt").stat().st_mtime
        train, kept = base_recordings(base.recordings, written_s, profile)
        upstream = Upstream(brain.strategist, brain.tactician)
        rehearsal = rehearse(train, kept, upstream, profile, settings, lambda: None)
    learner = ShadowLearner(brain, profile, settings, rehearsal)
    for at in range(0, len(actions), 10):
        learner.watch(records[at : at + 10], actions[at : at + 10], at)
        while learner.due_s(at * TICK_S) == 0.0:
            learner.update(at * TICK_S)
    return learner


def streams(
    style: str, count: int, minutes: float, profile: Profile, purpose: Purpose = Purpose.TRAIN
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A teacher's play in some worlds: observations and actions of each."""
    seeds = seeds_for(purpose, count, FIRST_STREAM)
    world, teacher = Simulator(seeds), Teacher(style, profile)
    carry, ticks = teacher.start(seeds + np.uint64(1)), round(minutes * 60 * TICK_RATE_HZ)
    records, actions = np.zeros((count, ticks), OBSERVATION), np.zeros((count, ticks), ACTION)
    for tick in range(ticks):
        records[:, tick] = world.observe().records
        decision = teacher.decide(world.observe(), carry)
        actions[:, tick], carry = decision.action.records, decision.carry
        world.act(decision.action)
    records["time_s"] = np.arange(ticks) * TICK_S
    return list(zip(records, actions, strict=True))


def held_out(brain: Brain, style: str, profile: Profile) -> ExecutorSamples:
    """Samples of a style in worlds that nobody learns from."""
    parts = []
    for records, actions in streams(style, HELD_OUT_WORLDS, HELD_OUT_MINUTES, profile, Purpose.HOLDOUT):
        parts += [part.samples for part in Onlooker(brain, profile).watch(records, actions, 0)]
    return join(parts)


def closed_loop(arguments: argparse.Namespace, brain: Brain, learnt: torch.nn.Module, profile: Profile) -> Table:
    """How both teachers and the understudy before and after play in the same held-out worlds."""
    assert isinstance(learnt, Executor)
    pilots: dict[str, Pilot] = {
        f"teacher {arguments.old}": Teacher(arguments.old, profile),
        "before": Hierarchy(brain, profile),
        "after": Hierarchy(replace(brain, executor=learnt), profile),
        f"teacher {arguments.style}": Teacher(arguments.style, profile),
    }
    table = Table(
        title=f"closed loop, {arguments.worlds} worlds of {arguments.seconds:g} s, 95 % intervals of the mean"
    )
    for column in ("who", *FIGURES):
        table.add_column(column)
    seeds = seeds_for(Purpose.HOLDOUT, arguments.worlds, 2 * FIRST_STREAM)
    for name, pilot in pilots.items():
        outcomes = play(pilot, seeds, arguments.seconds)
        table.add_row(name, *(interval(figure(outcomes)) for figure in FIGURES.values()))
    return table


def _habit(over: str, under: str) -> Callable[[Outcomes], np.ndarray]:
    """A ratio of two habits, for each world in which it is defined."""

    def figure(outcomes: Outcomes) -> np.ndarray:
        records = outcomes.habits.records
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(records[over] / records[under])

    return figure


def _share_of_boxes(outcomes: Outcomes) -> np.ndarray:
    boxes, kills = outcomes.total("loot"), outcomes.total("kills")
    with np.errstate(invalid="ignore", divide="ignore"):
        return boxes / (boxes + kills)


FIGURES: dict[str, Callable[[Outcomes], np.ndarray]] = {
    "score/min": lambda outcomes: outcomes.scores,
    "deaths/h": lambda outcomes: 60.0 * outcomes.per_minute("deaths"),
    "share of boxes": _share_of_boxes,
    "fight range": _habit("fight_range", "fight_ticks"),
    "hull at retreats": _habit("retreat_hp", "retreats"),
}


def interval(values: np.ndarray) -> str:
    """Mean and half of its 95 % interval, over the values that are numbers."""
    known = values[np.isfinite(values)]
    half = 1.96 * known.std(ddof=1) / len(known) ** 0.5 if len(known) > 1 else float("nan")
    return f"{known.mean():.2f} +-{half:.2f}"


if __name__ == "__main__":
    main()
