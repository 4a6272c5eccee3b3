"""The whole turn of the wheel in one command: record the teacher, learn from it, play, and say how well."""

from dataclasses import dataclass, replace
from pathlib import Path

from understudy.cli.flags.number_ranges import Minutes, RecordingSeed
from understudy.cli.flags.output_paths import OutputFolder

MARK = "made_by_demo.txt"
"""Stands in a folder that a demo filled and may empty again."""
STATE = "demo.json"
EXIT_INTERRUPTED = 130
TITLES = {
    "record": "the teacher plays, and is recorded",
    "train": "three policies learn from the recording",
    "evaluate": "the understudy plays worlds that nobody has seen",
}
STAGES = tuple(TITLES)


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Record the teacher, train the three policies on it, let them play unseen worlds, and write a report."""

    minutes: Minutes = 60.0
    """Minutes of the teacher's play to learn from."""
    teacher: str = "hunter"
    """Style of the teacher, such as hunter, kiter or careful."""
    seed: RecordingSeed = 0
    """Of the worlds recorded, and of the training."""
    out: OutputFolder = Path("demo")
    """Folder for everything: recordings, models, curves, report.html and video.webm; made anew."""
    quick: bool = False
    """Ten minutes of play, a shorter training and fewer worlds: about two minutes in all."""
    resume: bool = False
    """Go on where a demo of the same settings in --out was stopped."""


@dataclass(frozen=True, kw_only=True)
class DemoState:
    """The settings of a demo, and how far it has come; saved in its folder after each stage."""

    minutes: float
    teacher: str
    seed: int
    quick: bool
    finished: tuple[str, ...] = ()
    """Of STAGES."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much of everything."""

    minutes: float
    epoch_scale: float
    worlds: int
    seconds: float
    video_s: float


def effort_of(command: Demo) -> Effort:
    """What the flags ask for; `--quick` takes at most ten minutes of play."""
    if command.quick:
        return Effort(minutes=min(command.minutes, 10.0), epoch_scale=0.35, worlds=32, seconds=60.0, video_s=10.0)
    return Effort(minutes=command.minutes, epoch_scale=1.0, worlds=128, seconds=120.0, video_s=30.0)


def run(command: Demo) -> int:
    """Runs the stages one after the other, each with its bar, and says where the results lie; 130 after Ctrl-C.

    Raises:
        FlagError: if --resume finds no demo of these settings, or the folder holds what no demo made.
    """
    from rich.text import Text

    from understudy.cli.show.terminal import Console

    console, state = Console(soft_wrap=True), begin(command)
    if state.finished == STAGES:
        console.print(f"This demo has finished: {command.out / 'report.html'}. Without --resume it is made anew.")
        return 0
    stages = {"record": _record, "train": _train, "evaluate": _evaluate}
    for number, stage in enumerate(STAGES, 1):
        if stage in state.finished:
            continue
        console.rule(Text(f"{number} of {len(STAGES)}: {TITLES[stage]}", style="bold"), align="left")
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


def _record(command: Demo) -> int | None:
    from understudy.cli.record import Record, run

    recordings = command.out / "recordings"
    minutes = effort_of(command).minutes
    return run(Record(teacher=command.teacher, minutes=minutes, seed=command.seed, out=recordings, replace=True))


def _train(command: Demo) -> int:
    """Goes on where an earlier training into the folder stopped; `make_room` left none where all is made anew."""
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
    """Makes room for a new demo, or finds the state of the one that --resume goes on with.

    Raises:
        FlagError: if there is none, or its settings are others.
        WireError: if its state cannot be read.
    """
    from understudy.contract.errors import FlagError
    from understudy.contract.serialization import from_json

    asked = DemoState(minutes=command.minutes, teacher=command.teacher, seed=command.seed, quick=command.quick)
    if not command.resume:
        make_room(command.out)
        _write(command.out, asked)
        return asked
    if not (command.out / STATE).exists():
        raise FlagError(f"--resume was given, but there is no demo in {command.out} to go on with: leave it out.")
    path = command.out / STATE
    state: DemoState = from_json(DemoState, path.read_text(encoding="utf-8"), str(path))
    for name in ("minutes", "teacher", "seed", "quick"):
        earlier, now = getattr(state, name), getattr(asked, name)
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
    """Removes what an earlier demo left, and nothing else: a folder may hold what is dear to somebody.

    Raises:
        FlagError: if there are recordings, models or logs in it that no demo made.
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
