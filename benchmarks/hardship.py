"""What each hardship of a person's recording costs the understudy that learns from it.

    python benchmarks/hardship.py --minutes 60 --folder out/hardship
    python benchmarks/hardship.py --hardships corrections+drags curved_paths     # two at once, and one alone
    python benchmarks/hardship.py --teachers-only          # what each costs the teacher itself

For a clean recording and for one with each hardship: records, trains with the settings of `understudy train`, asks the
doctor, and judges on CHOOSE worlds beside the clean teacher and beside the teacher that played with the hardship.
Shares are (score - random's) / (teacher's - random's), IQM, 95 % intervals over worlds; one training seed unless told
otherwise. What is recorded and trained in the folder already is not done again, so it may be stopped at any time.
"""

import argparse
from pathlib import Path

from rich.console import Console
from smallest import flags

from understudy.cli.record import record_teacher
from understudy.cli.train import Train, settings_of
from understudy.contract.profile import Profile
from understudy.evaluation.comparison.compare import Entry, EntryRollouts, play_contestants, summarise
from understudy.evaluation.comparison.statistics import Estimate
from understudy.evaluation.diagnostics.diagnose import diagnose
from understudy.evaluation.rollouts.baselines import BASELINES
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised.train_policy import train_policy
from understudy.runtime.hierarchical_policy import load_hierarchy
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.demonstration_noise import HARDSHIPS, hardships_named
from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher
from understudy.worlds.simulator.teacher.teacher import Teacher

CLEAN = "clean"
DONE = "trained"
"""An empty file beside the models once all three are there."""


def parts(name: str) -> tuple[str, ...]:
    """The hardships that one name stands for: `corrections+drags` are two at once, `clean` is none."""
    return () if name == CLEAN else tuple(name.split("+"))


def record(name: str, arguments: argparse.Namespace) -> Path:
    """The folder of the recordings with one hardship, made where it is not there yet."""
    folder: Path = arguments.folder / name / "recordings"
    if not folder.exists():
        record_teacher(arguments.teacher, arguments.minutes, arguments.seed, folder, hardship=parts(name))
    return folder


def train(name: str, recordings: Path, training_seed: int, arguments: argparse.Namespace) -> Path:
    """The folder of the three policies, trained where they are not there yet."""
    models: Path = arguments.folder / name / f"models_{training_seed}"
    if not (models / DONE).exists():
        dataset = load_dataset(recordings)
        command = Train(
            output_dir=models,
            log_dir=models / "logs",
            seed=training_seed,
            quick=arguments.quick,
            epoch_scale=arguments.epoch_scale,
        )
        for policy, settings in settings_of(command, dataset.hours).items():
            train_policy(policy, dataset, settings)
        (models / DONE).touch()
    return models


def contestants(names: list[str], models: dict[str, list[Path]], style: str, profile: Profile) -> list[Entry]:
    """Random, and for each name the teacher that plays so and the understudy that learnt from it."""
    everyone = [Entry(name="random", kind="baseline", pilots=(BASELINES["random"](profile),))]
    for name in names:
        noisy = NoisyTeacher(style, profile, hardships_named(parts(name)))
        teacher = Teacher(style, profile) if name == CLEAN else noisy
        everyone.append(Entry(name=f"{name} teacher", kind="person", pilots=(teacher,)))
        if name in models:
            learnt = tuple(load_hierarchy(folder, profile) for folder in models[name])
            everyone.append(Entry(name=f"{name} understudy", kind="policy", pilots=learnt))
    return everyone


def row(name: str, played: dict[str, EntryRollouts], found: tuple[str, ...]) -> str:
    """One line of the table."""
    clean = summarise(played, person=f"{CLEAN} teacher", random="random")
    own = summarise(played, person=f"{name} teacher", random="random")
    teacher, learnt = clean.row(f"{name} teacher"), clean.row(f"{name} understudy")
    shares = [_percent(learnt.normalised), _percent(own.row(f"{name} understudy").normalised)]
    cells = [teacher.score.text(), learnt.score.text(), *shares, f"{teacher.deaths_per_hour.value:.0f}"]
    return f"| {name} | {' | '.join(cells)} | {learnt.deaths_per_hour.value:.0f} | {', '.join(found) or 'nothing'} |"


def teacher_row(name: str, played: dict[str, EntryRollouts]) -> str:
    """One line of the table of teachers alone."""
    teacher = summarise(played, person=f"{CLEAN} teacher", random="random").row(f"{name} teacher")
    return f"| {name} | {teacher.score.text()} | {_percent(teacher.normalised)} | {teacher.deaths_per_hour.value:.0f} |"


def _percent(share: Estimate) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def main() -> None:
    """Records, trains, judges, prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hardships", nargs="*", default=list(HARDSHIPS))
    parser.add_argument("--teacher", default="hunter")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--training-seeds", type=int, default=1)
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--teachers-only", action="store_true", help="record and train nothing")
    parser.add_argument("--folder", type=Path, default=Path("out/hardship"))
    parser.add_argument("--epoch-scale", type=float, default=1.0)
    smallest = ("--hardships", "mis_clicks", "--minutes", "4", "--quick", "--epoch-scale", "0.001", "--worlds", "4")
    arguments = parser.parse_args(flags(*smallest, "--seconds", "2"))
    console, names = Console(soft_wrap=True, highlight=False), [CLEAN, *arguments.hardships]
    worlds, profile = seeds_for(Purpose.CHOOSE, arguments.worlds), load_profile("darkorbit")
    settings = f"{arguments.teacher}, {arguments.worlds} CHOOSE worlds of {arguments.seconds:g} s"
    if arguments.teachers_only:
        played = play_contestants(contestants(names, {}, arguments.teacher, profile), worlds, arguments.seconds)
        console.print(f"{settings}\n\n| teacher | score/min | of the clean teacher | deaths/h |\n|---|---|---|---|")
        console.print("\n".join(teacher_row(name, played) for name in names))
        return
    models: dict[str, list[Path]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        recordings = record(name, arguments)
        found[name] = tuple(sign.name for sign in diagnose(recordings).findings)
        models[name] = [train(name, recordings, seed, arguments) for seed in range(arguments.training_seeds)]
        console.print(f"{name}: recorded and trained", style="dim")
    played = play_contestants(contestants(names, models, arguments.teacher, profile), worlds, arguments.seconds)
    console.print(f"{settings}, {arguments.minutes:g} minutes, {arguments.training_seeds} training seed(s)\n")
    columns = (
        "recording",
        "its teacher, score/min",
        "understudy, score/min",
        "of the clean teacher",
        "of its teacher",
        "its teacher, deaths/h",
        "understudy, deaths/h",
        "the doctor finds",
    )
    console.print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in names:
        console.print(row(name, played, found[name]))


if __name__ == "__main__":
    main()
