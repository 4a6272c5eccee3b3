"""Kills verbs with SIGKILL at random moments and says what was lost: `python benchmarks/kill.py --trials 200`.

Each trial starts one verb in a folder of its own, kills its whole process tree's root at a moment drawn from the time
that the verb takes (a game that does not end: from its first recorded tick on), waits until no child is left, and then:

* opens every recording, checkpoint, audit log and correction in the folder: any that cannot be read is a fault;
* compares the last recorded tick with the moment of the kill, where the game runs in real time: a second is the limit;
* where files were replaced (repair, promotion, edited corrections), compares what is there with what was there before;
* runs `understudy recordings repair` and opens everything again;
* runs the verb again, with --resume where it has one: an exit code other than 0 is a fault.

Trials are drawn in turn from the verbs; every one depends on the seed and its number alone, but for the scheduler.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import kill_exchange
import numpy as np
import smallest
import tyro

from understudy.contract.errors import BeingWrittenError, UnderstudyError
from understudy.contract.observation import TICK_S
from understudy.feedback.correction import from_line
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.candidates import stage, staged_path
from understudy.perception.detector_loader import open_detector
from understudy.policies.checkpoint import BEST, load_checkpoint
from understudy.recordings.store import find_recordings, is_being_written, read_episode
from understudy.worlds.catalog import load_profile

MAX_LOST_S = 1.0
MAX_ORPHAN_S = 2.0
"""A child of a killed process is gone after so long."""
NUM_CORRECTIONS = 500
PATIENCE_S = 300.0
LONGEST_PLAY_S = 8.0
"""A game in real time is killed at the latest so long after its first recorded tick."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How much is tried."""

    trials: int = 200
    seed: int = 0
    first: int = 0
    """Number of the first trial."""
    only: str = ""
    """One of the verbs, by its name."""
    smallest: bool = False
    """One trial of two verbs, to see that everything works."""


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One command that is killed."""

    flags: tuple[str, ...]
    """Words after `understudy`; `{here}` is the trial's folder."""
    prepare: Callable[[Path], None] = lambda folder: None
    """Makes the files that it works on."""
    real_time: bool = False
    """Plays a game in real time until it is killed."""
    again: tuple[str, ...] | None = ()
    """Flags to add when it is run again after the kill; None where it does not end by itself."""
    ends: tuple[int, ...] = (0,)
    """Exit codes of the second run that are no fault."""


@dataclass
class Outcome:
    """What the trials of one verb came to."""

    trials: int = 0
    killed: int = 0
    """Those that had not ended before the kill."""
    lost_s: list[float] = field(default_factory=list)
    orphan_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def understudy(*words: str, folder: Path) -> subprocess.Popen[str]:
    """Starts a verb in a session of its own; its output goes to a file beside the folder."""
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
    flags = [word.replace("{here}", str(folder)) for word in words]
    with (folder / "output.txt").open("a", encoding="utf-8") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "understudy.cli.main", *flags],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            text=True,
        )


def run(*words: str, folder: Path) -> int:
    """Runs a verb to its end."""
    return understudy(*words, folder=folder).wait(PATIENCE_S)


def void(folder: Path, why: str) -> SystemExit:
    """What ends the benchmark when one of its own parts has died."""
    printed = (folder / "output.txt").read_text(encoding="utf-8")[-800:]
    return SystemExit(f"The benchmark is void: {why}\n{printed}")


def small_models(folder: Path) -> None:
    """Untrained policies that act at once."""
    shutil.copytree(smallest.untrained_models(), folder / "models")


def staged_models(folder: Path) -> None:
    """Untrained policies, and candidates that wait for promotion."""
    small_models(folder)
    playing = load_checkpoint(folder / "models" / "executor" / BEST)
    changed = {name: 0.9 * weight for name, weight in playing.weights.items()}
    stage(staged_path(folder / "models", "executor", "new"), replace(playing, weights=changed))


def many_corrections(folder: Path) -> None:
    """Corrections in one file."""
    (golden,) = (Path(__file__).resolve().parents[1] / "tests" / "golden").rglob("corrections_*.jsonl")
    good = [line for line in golden.read_text(encoding="utf-8").splitlines() if _is_whole(line)]
    lines = [good[number % len(good)] + "\n" for number in range(NUM_CORRECTIONS)]
    (folder / "corrections").mkdir()
    (folder / "corrections" / golden.name).write_text("".join(lines), encoding="utf-8")


def _is_whole(line: str) -> bool:
    with contextlib.suppress(UnderstudyError):
        return bool(from_line(line))
    return False


def recordings(folder: Path) -> None:
    """Some minutes of the scripted teacher."""
    flags = ("record", "--minutes", "6", "--sessions", "3", "--out", str(folder / "recordings"))
    if run(*flags, folder=folder):
        raise void(folder, "recording failed")


def recordings_and_models(folder: Path) -> None:
    """Some minutes of the scripted teacher, and untrained policies."""
    recordings(folder)
    small_models(folder)


def trained_models(folder: Path) -> None:
    """Policies of a quick demo, made once, and the recordings that they were trained on."""
    demo = smallest.FOLDER.resolve() / "kill_demo"
    if not demo.exists():
        smallest.FOLDER.mkdir(exist_ok=True)
        if run("demo", "--quick", "--minutes", "4", "--out", str(folder / "demo"), folder=folder):
            raise void(folder, "the demo failed")
        (folder / "demo").rename(demo)
    shutil.copytree(demo / "models", folder / "models")
    shutil.copytree(demo / "recordings", folder / "recordings")


def everything_to_finetune(folder: Path) -> None:
    """Recordings, policies and the offline rules' corrections of their play."""
    trained_models(folder)
    flags = (
        "critic",
        "collect",
        "--models",
        "{here}/models",
        "--worlds",
        "6",
        "--minutes",
        "2",
        "--flee-below",
        "0.9",
        "--crowd-flee-below",
        "0.9",
        "--out",
        "{here}/collected",
    )
    if run(*flags, folder=folder):
        raise void(folder, "no corrections were collected")


def torn_recordings(folder: Path) -> None:
    """Sixteen torn recordings of five minutes."""
    recordings_flags = ("record", "--minutes", "80", "--sessions", "16", "--out", str(folder / "recordings"))
    if run(*recordings_flags, folder=folder):
        raise void(folder, "recording failed")
    for path in find_recordings(folder / "recordings"):
        with path.open("rb+") as file:
            file.truncate(path.stat().st_size - 5000)


VERBS: dict[str, Verb] = {
    "record": Verb(flags=("record", "--minutes", "120", "--out", "{here}/recordings"), again=("--replace",)),
    "repair": Verb(flags=("recordings", "repair", "{here}/recordings"), prepare=torn_recordings),
    "run": Verb(
        flags=("run", "--models", "{here}/models", "--save-recordings", "--out", "{here}/recordings",
               "--size", "320", "180"),
        prepare=small_models,
        real_time=True,
        again=None,
    ),
    "shadow": Verb(
        flags=("run", "--shadow-train", "--models", "{here}/models", "--save-recordings", "--out", "{here}/recordings",
               "--size", "320", "180"),
        prepare=small_models,
        real_time=True,
        again=None,
    ),
    "train": Verb(
        flags=("train", "--quick", "--epoch-scale", "0.2", "--data-dir", "{here}/recordings",
               "--output-dir", "{here}/models", "--log-dir", "{here}/logs"),
        prepare=recordings,
        again=("--resume",),
    ),
    "practise": Verb(
        flags=("practise", "--models", "{here}/models", "--out", "{here}/practice", "--hours", "0.6", "--worlds", "64",
               "--no-gate", "--no-likeness"),
        prepare=small_models,
        again=("--resume",),
    ),
    "promote": Verb(flags=("promote", "--models", "{here}/models"), prepare=staged_models, again=None),
    "corrections": Verb(
        flags=("corrections", "edit", "7", "--reason", "another", "--corrections-dir", "{here}/corrections"),
        prepare=many_corrections,
    ),
    "gate": Verb(
        flags=("gate", "--models", "{here}/models", "--max-pairs", "64", "--seconds", "10"), prepare=staged_models,
        again=None,
    ),
    "play": Verb(
        flags=("play", "--record", "--out", "{here}/recordings", "--size", "320", "180"), real_time=True, again=None,
    ),
    "demo": Verb(
        flags=("demo", "--quick", "--minutes", "4", "--out", "{here}/demo"), again=("--resume",),
    ),
    "evaluate": Verb(
        flags=("evaluate", "--models", "{here}/models", "--worlds", "64", "--seconds", "20", "--purpose", "choose",
               "--data-dir", "{here}/recordings", "--out", "{here}/evaluation"),
        prepare=recordings_and_models,
    ),
    "finetune": Verb(
        flags=("finetune", "--corrections-dir", "{here}/collected", "--data-dir", "{here}/recordings", "--epochs", "2",
               "--pairs", "64", "--model-path", "{here}/models/strategist/best_model.pt",
               "--output-dir", "{here}/models/strategist_vlm_ft", "--log-dir", "{here}/logs"),
        prepare=everything_to_finetune,
    ),
    "collect": Verb(
        flags=("critic", "collect", "--models", "{here}/models", "--worlds", "6", "--minutes", "4", "--every", "1",
               "--flee-below", "0.9", "--crowd-flee-below", "0.9", "--out", "{here}/collected"),
        prepare=trained_models,
    ),
    "detector": Verb(
        flags=("detector", "train", "--pictures", "24", "--held-out", "16", "--epochs", "2", "--out",
               "{here}/detector.onnx", "--output-dir", "{here}/detector"),
    ),
    "export": Verb(
        flags=("export", "--models", "{here}/models", "--out", "{here}/export"),
        prepare=kill_exchange.hierarchy,
    ),
    "import": Verb(
        flags=("import", "{here}/given_export", "--models", "{here}/imported"),
        prepare=kill_exchange.given_export,
    ),
    "dataset": Verb(
        flags=("recordings", "export", "{here}/recordings", "--form", "lerobot", "--out", "{here}/set"),
        prepare=recordings, ends=(0, 2),  # 2: it was whole already and is left as it is
    ),
    "unpack": Verb(
        flags=("recordings", "import", "{here}/given_set", "--out", "{here}/unpacked"),
        prepare=kill_exchange.given_set, ends=(0, 1),  # 1: some were there already and are left as they are
    ),
}  # fmt: skip


def unreadable(folder: Path) -> list[str]:
    """One sentence for each file that cannot be read; temporary names are not looked at, nobody reads them."""
    faults = []
    for path in sorted(folder.rglob("*.mcap")):
        if path.stat().st_size == 0:
            continue  # killed between the making of the file and its first chunk
        with contextlib.suppress(BeingWrittenError):
            try:
                read_episode(path)
            except UnderstudyError as problem:
                faults.append(str(problem))
    for path in sorted(folder.rglob("*.pt")):
        if path.name.startswith(".") or path.parent.name == "practice" or "detector" in path.parts:
            continue
        try:
            load_checkpoint(path)
        except UnderstudyError as problem:
            if "resume" not in path.stem:
                faults.append(str(problem))
    for path in sorted(folder.rglob("audit.jsonl")):
        try:
            read_audit_log(path.parent.parent)
        except UnderstudyError as problem:
            faults.append(str(problem))
    for path in sorted((folder / "collected").glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        faults += [f"{path.name}: {line[:60]} cannot be read" for line in lines[:-1] if not _is_whole(line)]
    for path in sorted(folder.glob("*.onnx")):
        try:
            open_detector(path, load_profile())
        except UnderstudyError as problem:
            faults.append(str(problem))
    for path in sorted((folder / "corrections").glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) != NUM_CORRECTIONS:
            faults.append(f"{path.name} holds {len(lines)} corrections of {NUM_CORRECTIONS}")
        faults += [f"{path.name}: {line[:60]} cannot be read" for line in lines if not _is_whole(line)]
    return faults


def ticks(folder: Path) -> dict[str, int]:
    """Readable ticks of each recording."""
    return {path.name: len(read_episode(path)) for path in find_recordings(folder / "recordings")}


def descendants(session: int) -> list[int]:
    """Processes of a session that still live (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            words = path.read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
            if int(words[3]) == session and words[0] != "Z":
                found.append(int(path.parent.name))
    return found


def first_tick(folder: Path, process: subprocess.Popen[str]) -> float:
    """Waits for the first recorded tick; the moment at which it was seen."""
    until = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until and process.poll() is None:
        for path in (folder / "recordings").glob("*.mcap"):
            with contextlib.suppress(UnderstudyError):
                if path.stat().st_size and len(read_episode(path)):
                    return time.perf_counter()
        time.sleep(0.1)
    raise void(folder, "no tick was recorded")


def duration(verb: Verb, folder: Path) -> float:
    """Seconds that a verb takes when nothing kills it."""
    verb.prepare(folder)
    began_s = time.perf_counter()
    code = run(*verb.flags, folder=folder)
    if code:
        raise void(folder, f"unkilled, it ended with {code}")
    return time.perf_counter() - began_s


def trial(verb: Verb, draw: random.Random, longest_s: float, folder: Path, outcome: Outcome) -> None:
    """Starts a verb, kills it and looks at what is left."""
    verb.prepare(folder)
    before = ticks(folder) if verb.flags[:2] == ("recordings", "repair") else {}
    process = understudy(*verb.flags, folder=folder)
    if verb.real_time:
        first_tick(folder, process)
        time.sleep(draw.uniform(0.0, LONGEST_PLAY_S))
    else:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.2, 1.0) * longest_s)
    outcome.trials += 1
    outcome.killed += process.poll() is None
    killed_s = time.perf_counter()
    process.kill()
    process.wait()
    while descendants(process.pid) and time.perf_counter() < killed_s + PATIENCE_S:
        time.sleep(0.02)
    orphan_s = time.perf_counter() - killed_s
    outcome.orphan_s.append(orphan_s)
    if orphan_s > MAX_ORPHAN_S:
        outcome.faults.append(f"a child lived {orphan_s:.1f} s longer")
    outcome.faults += unreadable(folder) + kill_exchange.half_taken_for_whole(folder)
    if verb.real_time and not outcome.faults:
        (path,) = find_recordings(folder / "recordings")
        lost_s = killed_s - (float(read_episode(path).observations["time_s"][-1]) + TICK_S)
        outcome.lost_s.append(lost_s)
        if lost_s > MAX_LOST_S:
            outcome.faults.append(f"{lost_s:.2f} s were lost")
    after_the_kill(verb, before, folder, outcome)


def after_the_kill(verb: Verb, before: dict[str, int], folder: Path, outcome: Outcome) -> None:
    """Repairs, runs the verb again, and looks once more."""
    if (folder / "recordings").exists():
        if any(is_being_written(path) for path in find_recordings(folder / "recordings")):
            outcome.faults.append("a recording still counts as being written")
        run("recordings", "repair", "{here}/recordings", folder=folder)
        after = ticks(folder)
        fewer = [name for name, number in before.items() if after.get(name, 0) < number]
        outcome.faults += [f"{name} holds fewer ticks than before" for name in fewer]
    if verb.again is not None:
        code = run(*verb.flags, *verb.again, folder=folder)
        if code and not (folder / "recordings").exists():
            code = run(*verb.flags, folder=folder)  # nothing was there to go on from
        if code not in verb.ends:
            outcome.faults.append(f"run again, it ended with {code}")
    outcome.faults += unreadable(folder) + kill_exchange.half_taken_for_whole(folder)


def choose(settings: Settings) -> Sequence[str]:
    """Names of the verbs that are tried, in turn."""
    if settings.smallest:
        return ("promote", "run")
    return (settings.only,) if settings.only else tuple(VERBS)


def main() -> int:
    """Runs the trials; exit code 1 if there was a fault."""
    settings = tyro.cli(Settings, description=__doc__)
    names, outcomes, durations = choose(settings), defaultdict[str, Outcome](Outcome), dict[str, float]()
    trials = len(names) if settings.smallest else settings.trials
    for number in range(settings.first, settings.first + trials):
        name = names[number % len(names)]
        verb, draw = VERBS[name], random.Random(f"{settings.seed} {name} {number}")
        with tempfile.TemporaryDirectory() as place:
            if name not in durations and not verb.real_time:
                calm = Path(place) / "calm"
                calm.mkdir()
                durations[name] = duration(verb, calm)
            folder = Path(place) / "trial"
            folder.mkdir()
            known = len(outcomes[name].faults)
            trial(verb, draw, durations.get(name, 0.0), folder, outcomes[name])
            for fault in outcomes[name].faults[known:]:
                print(f"{name}, trial {number}: {fault}", flush=True)
                print("   ", (folder / "output.txt").read_text(encoding="utf-8")[-800:].replace("\n", "\n    "))
    print_table(outcomes)
    return int(any(outcome.faults for outcome in outcomes.values()))


def print_table(outcomes: dict[str, Outcome]) -> None:
    """One line a verb."""
    print(f"{'verb':9} trials killed  lost s (median, most)  children gone after s (most)  faults")
    for name, one in outcomes.items():
        lost = f"{np.median(one.lost_s):.2f}, {max(one.lost_s):.2f}" if one.lost_s else "-"
        print(
            f"{name:9} {one.trials:6} {one.killed:6}  {lost:21}  {max(one.orphan_s):28.2f}  {len(one.faults):6}",
            flush=True,
        )
    trials, killed = (sum(getattr(one, what) for one in outcomes.values()) for what in ("trials", "killed"))
    print(f"all       {trials:6} {killed:6}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    raise SystemExit(main())
