"""Shadow learning where the person changes their style: what is gained of the new one and lost of the old one.

    python benchmarks/shadow.py --understudy hunter models/hunter recordings/hunter --styles kiter
    python benchmarks/shadow.py --understudy hunter M R --understudy careful M R --understudy kiter M R

Each stream is `--minutes` of a teacher of another style than the understudy's, fed to the learner at the guide's
settings (an update each 3 s of play). Then both are judged in held-out worlds: agreement with the new style, with the
old one by the earlier manner, and in closed loop score, deaths, share of boxes, fighting range and hull at retreats.
What is on disk below --folder is not made again, so several can run side by side. Results: shadow.md beside this file.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from smallest import flags

from understudy.contract.action import ACTION
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, TICK_S
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.episode_stats import EpisodeStats
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout
from understudy.learning.data.executor_batch import ExecutorBatch, concatenate
from understudy.learning.data.streaming_labeller import StreamingLabeller
from understudy.learning.data.upstream_conditioning import UpstreamPolicies
from understudy.learning.shadow.learner import ShadowLearner
from understudy.learning.shadow.messages import ShadowSettings
from understudy.learning.shadow.setup import base_recordings, build_rehearsal_buffer
from understudy.policies.executor import Executor
from understudy.policies.policy_bundle import load_policies
from understudy.policies.style_heads import base_style
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

HELD_OUT_WORLDS = 8
FIRST_STREAM = 500_000
"""Streams are played in worlds that no recording of `understudy record` uses."""
FIRST_JUDGED, FIRST_PLAYED = 600_000, 1_200_000
"""Worlds of agreement, and of the closed loop."""


def main() -> None:
    """Plays, learns, judges, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--understudy", nargs=3, action="append", required=True, metavar=("STYLE", "MODELS", "PLAY"))
    parser.add_argument("--styles", nargs="+", default=["hunter", "careful", "kiter"], help="what is changed to")
    parser.add_argument("--streams", type=int, default=1, help="of each change")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=ShadowSettings.steps_per_update)
    parser.add_argument("--lr", type=float, default=ShadowSettings.learning_rate)
    parser.add_argument("--worlds", type=int, default=64, help="of each closed loop")
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--held-out-minutes", type=float, default=3.0, help="of play to ask about, in each of 8 worlds")
    parser.add_argument("--purpose", default="HOLDOUT", choices=[purpose.name for purpose in Purpose])
    parser.add_argument("--folder", type=Path, default=Path("experiments/shadow"))
    smallest = ("--understudy", "hunter", "{models}", "{recordings}", "--styles", "kiter", "--minutes", "2")
    arguments = parser.parse_args(flags(*smallest, "--worlds", "4", "--seconds", "3", "--held-out-minutes", "0.5"))
    torch.set_num_threads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for style, models, recordings in arguments.understudy:
        one = Changes(style, Path(models), Path(recordings), arguments)
        for new in arguments.styles:
            for stream in range(arguments.streams):
                if new != style:
                    one.to(new, stream)
    show(arguments.folder, Console(width=170, highlight=False))


class Changes:
    """One understudy, and what becomes of it."""

    def __init__(self, style: str, models: Path, recordings: Path, arguments: argparse.Namespace) -> None:
        self.style, self.models, self.recordings, self.arguments = style, models, recordings, arguments
        self.purpose, self.profile, self.policies = Purpose[arguments.purpose], load_profile(), load_policies(models)

    def to(self, new: str, stream: int) -> None:
        """One stream of a new style, learnt from and judged; kept as a file."""
        path = self.arguments.folder / f"{self.models.name}_{new}_{stream}.json"
        if path.exists():
            return
        begun_s = time.process_time()
        records, actions = played(new, seeds_for(Purpose.TRAIN, 1, FIRST_STREAM + stream), self.arguments.minutes)[0]
        learner = self._learn(records, actions)
        after, cpu_s = learner.average.model, time.process_time() - begun_s
        assert isinstance(after, Executor)
        of_new, of_old = self._held_out(new), self._of_own
        ways = (
            (self.policies.executor, of_new),
            (after, of_new),
            (self.policies.executor, of_old),
            (base_style(after), of_old),
        )
        verdict = learner.evaluate_candidate()
        found = {
            "old": self.style,
            "new": new,
            "clicks": int((of_new.target >= 0).sum()),
            "shares": [learner.agreement(model, samples).share for model, samples in ways],
            "verdict": f"{'promoted' if verdict.promote else 'kept aside'}: {verdict.reason}",
            "cpu_s": cpu_s,
            "before": self._habits(
                f"before_{self.models.name}", lambda: HierarchicalPolicy(self.policies, self.profile)
            ),
            "after": self._habits("", lambda: HierarchicalPolicy(replace(self.policies, executor=after), self.profile)),
            "teacher_old": self._habits(f"teacher_{self.style}", lambda: Teacher(self.style, self.profile)),
            "teacher_new": self._habits(f"teacher_{new}", lambda: Teacher(new, self.profile)),
        }
        path.write_text(json.dumps(found), encoding="utf-8")

    def _learn(self, records: np.ndarray, actions: np.ndarray) -> ShadowLearner:
        """One stream, as in play: ten ticks at a time, an update whenever the play's own clock says so."""
        settings = ShadowSettings(learning_rate=self.arguments.lr, steps_per_update=self.arguments.steps)
        torch.manual_seed(settings.seed)
        written_s = (self.models / "executor" / "best_model.pt").stat().st_mtime
        train, kept = base_recordings(self.recordings, written_s, self.profile)
        upstream = UpstreamPolicies(self.policies.strategist, self.policies.tactician)
        rehearsal = build_rehearsal_buffer(train, kept, upstream, self.profile, settings, lambda: None)
        learner = ShadowLearner(self.policies, self.profile, settings, rehearsal)
        for at in range(0, len(actions), 10):
            learner.add_block(records[at : at + 10], actions[at : at + 10], at)
            while learner.due_s(at * TICK_S) == 0.0:
                learner.update(at * TICK_S)
        return learner

    @cached_property
    def _of_own(self) -> ExecutorBatch:
        return self._held_out(self.style)

    def _held_out(self, style: str) -> ExecutorBatch:
        """Samples of a style in worlds that nobody learns from."""
        parts = []
        seeds = seeds_for(self.purpose, HELD_OUT_WORLDS, FIRST_JUDGED)
        for records, actions in played(style, seeds, self.arguments.held_out_minutes):
            parts += [
                part.samples for part in StreamingLabeller(self.policies, self.profile).watch(records, actions, 0)
            ]
        return concatenate(parts)

    def _habits(self, name: str, pilot: Callable[[], Pilot]) -> dict[str, list[float]]:
        """How somebody plays: each figure in each world; kept under a name, where there is one."""
        path = self.arguments.folder / "pilots" / f"{name}.json"
        if name and path.exists():
            kept: dict[str, list[float]] = json.loads(path.read_text(encoding="utf-8"))
            return kept
        seeds = seeds_for(self.purpose, self.arguments.worlds, FIRST_PLAYED)
        outcomes = rollout(pilot(), seeds, self.arguments.seconds)
        habits = {figure: measure(outcomes).tolist() for figure, measure in FIGURES.items()}
        if name:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(habits), encoding="utf-8")
        return habits


def played(style: str, seeds: np.ndarray, minutes: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """A teacher's play in some worlds: observations and actions of each."""
    world, ticks = Simulator(seeds), round(minutes * 60 * TICK_RATE_HZ)
    teacher = Teacher(style, world.profile)
    carry = teacher.start(seeds + np.uint64(1))
    records, actions = np.zeros((len(seeds), ticks), OBSERVATION), np.zeros((len(seeds), ticks), ACTION)
    for tick in range(ticks):
        observation = world.observe()
        decision = teacher.decide(observation, carry)
        records[:, tick], actions[:, tick], carry = observation.records, decision.action.records, decision.carry
        world.act(decision.action)
    records["time_s"] = np.arange(ticks) * TICK_S
    return list(zip(records, actions, strict=True))


def show(folder: Path, console: Console) -> None:
    """Every change that was tried, and all together."""
    found: list[dict[str, Any]] = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    own = {
        style: np.mean([one["shares"][2] for one in found if one["old"] == style])
        for style in {one["old"] for one in found}
    }
    table = Table(title="share of the teacher's clicks that go where the understudy's would, %")
    for column in ("change", "clicks", "new: before", "after", "an understudy of it", "old: before", "after", "CPU s"):
        table.add_column(column)
    table.add_column("judge")
    for one in found:
        shares = [f"{100 * share:.1f}" for share in one["shares"]]
        shares.insert(2, f"{100 * own[one['new']]:.1f}" if one["new"] in own else "")
        table.add_row(
            f"{one['old']} -> {one['new']}", str(one["clicks"]), *shares, f"{one['cpu_s']:.0f}", one["verdict"]
        )
    console.print(table)
    gains = 100 * np.array(
        [[one["shares"][1] - one["shares"][0], one["shares"][3] - one["shares"][2]] for one in found]
    )
    console.print(
        f"points of agreement, {len(found)} streams: new {interval(gains[:, 0])}, old {interval(gains[:, 1])}"
    )
    loop = Table(title="closed loop, mean and 95 % interval over worlds; way: from before to the new teacher")
    for column in ("change", "who", *FIGURES):
        loop.add_column(column)
    for one in found:
        for who in ("teacher_old", "before", "after", "teacher_new"):
            loop.add_row(
                f"{one['old']} -> {one['new']}", who, *(interval(np.array(one[who][name])) for name in FIGURES)
            )
        loop.add_row("", "way", *(way(one, name) for name in FIGURES), end_section=True)
    console.print(loop)


def way(one: dict[str, Any], name: str) -> str:
    """Which part of the way to the new teacher was gone; nothing where there is hardly a way to go."""
    before, after, new = (np.array(one[who][name], float) for who in ("before", "after", "teacher_new"))
    far = np.nanmean(new) - np.nanmean(before)
    sure = 1.96 * np.hypot(*(np.nanstd(each, ddof=1) / np.isfinite(each).sum() ** 0.5 for each in (before, new)))
    return f"{(np.nanmean(after) - np.nanmean(before)) / far:.2f}" if abs(far) > sure else "-"


def _habit(over: str, under: str) -> Callable[[EpisodeStats], np.ndarray]:
    """A ratio of two habits, for each world in which it is defined."""

    def figure(outcomes: EpisodeStats) -> np.ndarray:
        records = outcomes.habits.records
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(records[over] / records[under])

    return figure


def _share_of_boxes(outcomes: EpisodeStats) -> np.ndarray:
    boxes, kills = outcomes.total("loot"), outcomes.total("kills")
    with np.errstate(invalid="ignore", divide="ignore"):
        return boxes / (boxes + kills)


FIGURES: dict[str, Callable[[EpisodeStats], np.ndarray]] = {
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
