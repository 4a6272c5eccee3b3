"""What the KL coefficient trades: score against likeness, for executors practised from one clone at several of them.

    python benchmarks/kl_coef.py --models models/v2 --practised 0.3=candidate_A.pt 1=candidate_B.pt 3=candidate_C.pt

Teacher, clone and all of them play the same worlds for choosing; half a CPU-minute for each at 128 worlds. Distances
are `play_style.style_distances`: root mean square over the numbers of style, in units of their own noise, so about 1.4
between two batches of one player. Results: docs/log.md.
"""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import torch
import tyro
from matplotlib.figure import Figure
from smallest import flags

from understudy.contract.protocols import Pilot
from understudy.contract.workers.part_executor import part_executor
from understudy.evaluation.report.plots import FAINT, KIND_COLOURS, STYLE
from understudy.evaluation.rollouts.episode_stats import EpisodeStats
from understudy.evaluation.rollouts.play_style import ROWS, behaviour_of, click_distance, style_distances
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout_all
from understudy.learning.registry.candidates import load_candidate
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Who is compared."""

    practised: tuple[str, ...]
    """KL_COEF=CHECKPOINT of executors practised from the clone."""
    models: Path = Path("models/v2")
    """The clone: strategist, tactician and executor as they were before practice."""
    teacher: str = "hunter"
    """Whose clone it is."""
    worlds: int = 128
    """That everyone plays."""
    seconds: float = 120.0
    """Each."""
    offset: int = 45_000
    """First seed within those for choosing."""
    processes: int = 1
    """That play at the same time; does not change the result."""
    picture: Path | None = None
    """Where to draw score and deaths against likeness."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One player in the table."""

    name: str
    score: float
    sure: float
    """Half of the 95 % interval over worlds."""
    deaths: float
    """An hour."""
    from_clone: float
    from_teacher: float


def pilots_of(settings: Settings) -> dict[str, Pilot]:
    """Teacher, clone, and the practised ones by their KL coefficient."""
    profile = load_profile("darkorbit")
    pilots: dict[str, Pilot] = {
        settings.teacher: Teacher(settings.teacher, profile),
        "cloned": HierarchicalPolicy(load_policies(settings.models), profile),
    }
    for each in settings.practised:
        kl_coef, path = each.split("=", 1)
        candidate = load_candidate(settings.models, Path(path), "executor")
        pilots[f"kl_coef {kl_coef}"] = HierarchicalPolicy(load_policies(settings.models, candidate), profile)
    return pilots


def points_of(played: dict[str, EpisodeStats]) -> list[Point]:
    """The table's figures."""
    far = style_distances([one.habits for one in played.values()])
    return [
        Point(
            name=name,
            score=float(one.scores.mean()),
            sure=float(1.96 * one.scores.std(ddof=1) / len(one) ** 0.5),
            deaths=60 * float(one.total("deaths").sum()) / (one.minutes * len(one)),
            from_clone=float(far[number, 1]),
            from_teacher=float(far[number, 0]),
        )
        for number, (name, one) in enumerate(played.items())
    ]


def tell(points: list[Point], played: dict[str, EpisodeStats]) -> None:
    """Two tables for docs/log.md."""
    habits = {name: behaviour_of(one.habits) for name, one in played.items()}
    print("| | score | deaths/h | style from the clone | from the teacher | clicks apart from the clone |")
    print("|---|---|---|---|---|---|")
    for point in points:
        apart = click_distance(habits["cloned"], habits[point.name])
        print(
            f"| {point.name} | {point.score:.2f} +-{point.sure:.2f} | {point.deaths:.1f} | {point.from_clone:.1f} | "
            f"{point.from_teacher:.1f} | {apart:.1%} |"
        )
    print("\n| | " + " | ".join(habits) + " |\n|---" + "|---" * len(habits) + "|")
    for field, label in ROWS:
        print(f"| {label} | " + " | ".join(f"{getattr(one, field):.3g}" for one in habits.values()) + " |")


def draw(points: list[Point], teacher: str, path: Path) -> None:
    """Score and deaths against the distance of style from the clone."""
    own = [point for point in points if point.name != teacher]
    person = next(point for point in points if point.name == teacher)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), dpi=110, layout="constrained")
        for axis, name, title in zip(
            figure.subplots(1, 2), ("score", "deaths"), ("score, points a minute", "deaths an hour"), strict=True
        ):
            x, y = (np.array([getattr(point, field) for point in own]) for field in ("from_clone", name))
            if name == "score":
                axis.errorbar(x, y, [point.sure for point in own], fmt="none", color=KIND_COLOURS["policy"], lw=1)
            axis.plot(x, y, "o", color=KIND_COLOURS["policy"])
            axis.axhline(getattr(person, name), color=KIND_COLOURS["person"], lw=1)
            axis.annotate(teacher, (1, getattr(person, name)), (0, 4), xycoords=("axes fraction", "data"), ha="right",
                          textcoords="offset points", color=KIND_COLOURS["person"])  # fmt: skip
            for point in own:
                axis.annotate(point.name, (point.from_clone, getattr(point, name)), (7, -3), color=FAINT,
                              textcoords="offset points")  # fmt: skip
            axis.set_title(title)
            axis.set_xlabel("distance of style from the clone (chance: about 1.4)")
            axis.set_xlim(-0.2, max(x) * 1.25)
            axis.grid(axis="y")
        axis.set_ylim(0, 1.15 * max(point.deaths for point in points))
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)


def main() -> None:
    """Plays and tells."""
    smallest = ("--models", "{models}", "--practised", "0.3={models}/executor/best_model.pt", "--worlds", "4")
    smallest += ("--seconds", "3", "--picture", "{folder}/kl_coef.png")
    settings = tyro.cli(Settings, args=flags(*smallest), description=__doc__)
    torch.set_num_threads(1)
    seeds = seeds_for(Purpose.CHOOSE, settings.worlds, settings.offset)
    with part_executor(settings.processes) as executor:
        played = rollout_all(pilots_of(settings), seeds, settings.seconds, executor=executor)
    points = points_of(played)
    tell(points, played)
    if settings.picture is not None:
        draw(points, settings.teacher, settings.picture)


if __name__ == "__main__":
    main()
