"""The whole turn of the wheel in one command: record the teacher, learn from it, play, and say how well."""

from dataclasses import dataclass
from pathlib import Path

MARK = "made_by_demo.txt"
"""Stands in a folder that a demo filled and may empty again."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Record the teacher, train the three policies on it, let them play unseen worlds, and write a report."""

    minutes: float = 60.0
    """Minutes of the teacher's play to learn from."""
    teacher: str = "hunter"
    """Style of the teacher, such as hunter, kiter or careful."""
    seed: int = 0
    """Of the worlds recorded, and of the training."""
    out: Path = Path("demo")
    """Folder for everything: recordings, models, curves, report.html and video.webm; made anew."""
    quick: bool = False
    """Ten minutes of play, a shorter training and fewer worlds: about two minutes in all."""


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
    """Runs the stages one after the other, each with its bar, and says where the results lie."""
    from rich.text import Text

    from understudy.cli.evaluate import Evaluate
    from understudy.cli.evaluate import run as run_evaluate
    from understudy.cli.record import Record
    from understudy.cli.record import run as run_record
    from understudy.cli.show.terminal import Console
    from understudy.cli.train import Train
    from understudy.cli.train import run as run_train

    console, effort = Console(soft_wrap=True), effort_of(command)
    recordings, models, logs = command.out / "recordings", command.out / "models", command.out / "logs"
    make_room(command.out)
    console.rule(Text("1 of 3: the teacher plays, and is recorded", style="bold"), align="left")
    run_record(Record(teacher=command.teacher, minutes=effort.minutes, seed=command.seed, out=recordings))
    console.rule(Text("2 of 3: three policies learn from the recording", style="bold"), align="left")
    train = Train(
        data_dir=recordings, output_dir=models, epoch_scale=effort.epoch_scale, seed=command.seed, log_dir=logs
    )
    status = run_train(train)
    if status:
        return status
    console.rule(Text("3 of 3: the understudy plays worlds that nobody has seen", style="bold"), align="left")
    run_evaluate(
        Evaluate(
            models=(models,),
            teacher=command.teacher,
            worlds=effort.worlds,
            seconds=effort.seconds,
            out=command.out,
            video=effort.video_s,
            data_dir=recordings,
            logs=logs,
        )
    )
    console.print(f"The understudy playing: {command.out / 'video.webm'}")
    return 0


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
    for part in old:
        shutil.rmtree(part)
    folder.mkdir(parents=True, exist_ok=True)
    replace_bytes(folder / MARK, b"The next demo into this folder replaces recordings, models and logs.\n")
