"""`understudy demo`: records the teacher, trains on it, plays and evaluates, in one command."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Range, RecordingSeed
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.results.json_output import JsonFlag

MARK = "made_by_demo.txt"
"""Marker file of a folder created by a demo, which a later demo may clear."""
STATE = "demo.json"
TITLES = {
    "record": "the teacher plays, and is recorded",
    "train": "three policies learn from the recording",
    "evaluate": "the understudy plays worlds that nobody has seen",
}
STAGES = tuple(TITLES)


@dataclass(frozen=True, kw_only=True)
class Demo(JsonFlag):
    """Record the teacher, train the three policies on it, evaluate them in unseen worlds, and write a report."""

    minutes: Annotated[float, Range(4.0, 525_600.0)] = 60.0
    """Minutes of the teacher's play to record and train on; training needs at least 4 sessions of a minute."""
    teacher: str = "hunter"
    """Play style of the teacher, such as hunter, kiter or careful."""
    seed: RecordingSeed = 0
    """Random seed of the recorded worlds and of training."""
    out: OutputFolder = Path("demo")
    """Output folder of recordings, models, logs, report.html and video.webm; an earlier demo in it is deleted."""
    quick: bool = False
    """Use at most ten minutes of play, shorter training and fewer worlds: about two minutes in all."""
    resume: bool = False
    """Resume an interrupted demo with the same settings in --out."""


@dataclass(frozen=True, kw_only=True)
class DemoState:
    """Settings and progress of a demo, saved in its folder after each stage."""

    minutes: float
    teacher: str
    seed: int
    quick: bool
    finished: tuple[str, ...] = ()
    """Finished stages, a part of STAGES."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Amount of play, training and evaluation."""

    minutes: float
    epoch_scale: float
    worlds: int
    seconds: float
    video_s: float


def effort_of(command: Demo) -> Effort:
    """Returns the effort that the flags select; `--quick` uses at most ten minutes of play."""
    if command.quick:
        return Effort(minutes=min(command.minutes, 10.0), epoch_scale=0.35, worlds=32, seconds=60.0, video_s=10.0)
    return Effort(minutes=command.minutes, epoch_scale=1.0, worlds=128, seconds=120.0, video_s=30.0)


def run(command: Demo) -> int:
    """Runs the stages in order with progress bars and prints the results; returns 130 after Ctrl-C.

    Raises:
        FlagError: if --resume finds no demo of these settings, or the folder holds files of other origin.
    """
    status = _run_stages(command)
    if command.json and status in (0, EXIT_INTERRUPTED):
        _print_json(command)
    return status


def _run_stages(command: Demo) -> int:
    from understudy.cli.show.terminal import Console

    console, state = Console(soft_wrap=True), begin(command)
    if state.finished == STAGES:
        console.print(f"This demo has finished: {command.out / 'report.html'}. Without --resume it starts over.")
        return 0
    stages = {"record": _record, "train": _train, "evaluate": _evaluate}
    for number, stage in enumerate(STAGES, 1):
        if stage in state.finished:
            continue
        console.heading(f"{number} of {len(STAGES)}: {TITLES[stage]}")
        try:
            status = stages[stage](command)
        except KeyboardInterrupt:
            console.print("Stopped. The same command with --resume goes on from here.")
            return EXIT_INTERRUPTED
        if status:
            return status
        state = replace(state, finished=(*state.finished, stage))
        _write(command.out, state)
    console.print(f"The understudy playing: {command.out / 'video.webm'}")
    return 0


def _print_json(command: Demo) -> None:
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.learning import DemoResult
    from understudy.contract.serialization import from_json
    from understudy.evaluation.comparison.comparison_result import ComparisonResult

    path, out = command.out / STATE, command.out
    finished = from_json(DemoState, path.read_text(encoding="utf-8"), str(path)).finished
    comparison = None
    if "evaluate" in finished:
        verdict = out / "verdict.json"
        comparison = from_json(ComparisonResult, verdict.read_text(encoding="utf-8"), str(verdict))
    printed = DemoResult(
        finished=finished,
        recordings=out / "recordings",
        models=out / "models",
        log_dir=out / "logs",
        report=out / "report.html" if comparison else None,
        video=out / "video.webm" if comparison else None,
        comparison=comparison,
    )
    print_result("demo", printed)


def _record(command: Demo) -> int | None:
    from understudy.cli.record import Record, run

    recordings = command.out / "recordings"
    minutes = effort_of(command).minutes
    return run(Record(teacher=command.teacher, minutes=minutes, seed=command.seed, out=recordings, replace=True))


def _train(command: Demo) -> int:
    """Resumes an earlier training in the folder, if any; a new demo has none, because `make_room` deleted it."""
    from understudy.cli.train import Train, run

    return run(
        Train(
            data_dir=command.out / "recordings",
            output_dir=command.out / "models",
            epoch_scale=effort_of(command).epoch_scale,
            seed=command.seed,
            log_dir=command.out / "logs",
            resume=(command.out / "models").exists(),
        )
    )


def _evaluate(command: Demo) -> None:
    from understudy.cli.evaluate import Evaluate, run

    effort = effort_of(command)
    run(
        Evaluate(
            models=(command.out / "models",),
            teacher=command.teacher,
            worlds=effort.worlds,
            seconds=effort.seconds,
            out=command.out,
            video=effort.video_s,
            data_dir=command.out / "recordings",
            logs=command.out / "logs",
        )
    )


def begin(command: Demo) -> DemoState:
    """Clears the folder for a new demo, or loads the state of the demo that --resume continues.

    Raises:
        FlagError: if there is none, or its settings differ.
        WireError: if its state cannot be read.
    """
    from understudy.contract.errors import FlagError
    from understudy.contract.serialization import from_json

    requested = DemoState(minutes=command.minutes, teacher=command.teacher, seed=command.seed, quick=command.quick)
    if not command.resume:
        make_room(command.out)
        _write(command.out, requested)
        return requested
    if not (command.out / STATE).exists():
        raise FlagError(f"--resume was given, but there is no demo in {command.out} to go on with: leave it out.")
    path = command.out / STATE
    state: DemoState = from_json(DemoState, path.read_text(encoding="utf-8"), str(path))
    for name in ("minutes", "teacher", "seed", "quick"):
        earlier, now = getattr(state, name), getattr(requested, name)
        if earlier != now:
            raise FlagError(
                f"--{name} {now} was given, but the demo in {command.out} was begun with {earlier}: give the same "
                "to go on with it, or leave --resume out."
            )
    return state


def _write(folder: Path, state: DemoState) -> None:
    from understudy.contract.safe_files import replace_bytes
    from understudy.contract.serialization import to_json

    replace_bytes(folder / STATE, (to_json(state) + "\n").encode())


def make_room(folder: Path) -> None:
    """Deletes the files of an earlier demo, and no others.

    Raises:
        FlagError: if the folder holds recordings, models or logs that no demo made.
    """
    import shutil

    from understudy.contract.errors import FlagError
    from understudy.contract.safe_files import replace_bytes

    old = [folder / name for name in ("recordings", "models", "logs") if (folder / name).exists()]
    if old and not (folder / MARK).exists():
        raise FlagError(f"--out {folder} was given, but {old[0]} was not made by a demo: name a new folder.")
    (folder / STATE).unlink(missing_ok=True)
    for part in old:
        shutil.rmtree(part)
    folder.mkdir(parents=True, exist_ok=True)
    replace_bytes(folder / MARK, b"The next demo into this folder replaces recordings, models and logs.\n")
