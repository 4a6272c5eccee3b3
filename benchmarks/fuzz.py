"""Changes good files at random and opens them: says tracebacks, hangs, memory, silent wrong acceptance, code that ran.

    python benchmarks/fuzz.py --seed 1 --recordings 20000 --pickles 6000
    python benchmarks/fuzz.py --seed 1 --recordings 1 --first 4711 --keep cases     # one case again, and keep its file

Every case depends on the seed, its kind and its number alone. A new kind of file is a module like `fuzz_pickles` and a
line in KINDS: how good files are made, how they are changed, and how they are opened. Exit code 1 if there was a fault.
"""

import argparse
import faulthandler
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from fuzz_audits import good_audits, mutate_audit, open_audit
from fuzz_changes import Mutant, Opened
from fuzz_checkpoints import good_checkpoints, mutate_checkpoint, open_checkpoint
from fuzz_corrections import good_corrections, mutate_corrections, open_corrections
from fuzz_folders import good_datasets, good_exports, mutate_folder, open_dataset, open_export
from fuzz_onnx import good_models, mutate_model, open_model
from fuzz_pickles import good_pickles, mutate_pickle
from fuzz_profiles import good_profiles, mutate_profile, open_profile
from fuzz_recordings import good_recordings, mutate_recording, open_recording
from smallest import flags

from understudy.contract.errors import UnderstudyError

MAX_S, MAX_BYTES = 10.0, 2**30
HANG_S = 120.0
"""What hangs so long in compiled code, where no alarm is heard, ends the process with a traceback."""
FAULTS = ("traceback", "slow", "memory", "accepted", "executed")


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    suffix: str
    make: Callable[[Path], list[bytes]]
    """Good files of the kind; the folder is for whatever is needed to make them."""
    mutate: Callable[[bytes, random.Random, Path], Mutant]
    """A changed file; code that it holds creates the given path when it runs."""
    open: Callable[[Path], Opened]
    usual: frozenset[str] = frozenset()
    """Audit events that our own opening causes."""


@dataclass
class Report:
    """What the cases of one kind came to."""

    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    largest_bytes: int = 0
    wall_s: float = 0.0

    def line(self) -> str:
        """All of it on one line."""
        counts = self.counts
        found = ", ".join(f"{counts[fault]} {fault}" for fault in FAULTS)
        return (
            f"{self.kind}: {counts.total()} cases in {self.wall_s:.0f} s: {found}; {counts['refused']} refused, "
            f"{counts['stated']} opened with a statement, {counts['silent']} without one; "
            f"longest {self.longest_s:.2f} s, most memory {self.largest_bytes / 2**20:.0f} MB"
        )


def main() -> int:
    """Runs the cases that the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="folder for the files of faults; of all where one case is run")
    for name in KINDS:
        parser.add_argument(f"--{name}", type=int, default=0, metavar="N", help=f"number of changed {name}")
    smallest = [word for name in KINDS for word in (f"--{name}", "4")]
    asked = parser.parse_args(flags(*smallest))
    reports = []
    for name in KINDS:
        count = getattr(asked, name)
        if count:
            reports.append(run(name, count, asked.seed, first=asked.first, keep=asked.keep))
            print(reports[-1].line(), flush=True)
            for fault in reports[-1].faults[:20]:
                print(f"  {fault}")
    return int(any(report.faults for report in reports))


def run(name: str, count: int, seed: int, *, first: int = 0, keep: Path | None = None) -> Report:
    """Opens `count` changed files of one kind.

    Args:
        name: of the kind.
        count: how many.
        seed: decides all of them.
        first: number of the first.
        keep: folder for the files of faults.
    """
    kind, report, began_s = KINDS[name], Report(name), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, watched() as events, warnings.catch_warnings():
        warnings.simplefilter("error")
        path, trace = Path(folder) / f"case{kind.suffix}", Path(folder) / "trace"
        good = kind.make(Path(folder))
        contents = []
        for data in good:  # also warms up: what is imported late is no code of the file's
            path.write_bytes(data)
            contents.append(kind.open(path).content)
        for number in range(first, first + count):
            draw = random.Random(f"{seed} {name} {number}")
            which = draw.randrange(len(good))
            mutant = kind.mutate(good[which], draw, trace)
            path.write_bytes(mutant.data)
            events.clear()  # of changing it
            outcome, detail = _attempt(kind, path, mutant, contents[which], report)
            strange = [event for event in events if event not in kind.usual]
            if strange or trace.exists():
                outcome, detail = "executed", ", ".join(strange) or "the trace was written"
                events.clear()
                trace.rmdir() if trace.is_dir() else trace.unlink(missing_ok=True)
            report.counts[outcome] += 1
            if outcome in FAULTS:
                report.faults.append(f"{name} {number} ({mutant.how}): {outcome}: {detail}")
            if keep is not None and (outcome in FAULTS or count == 1):
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{name}_{seed}_{number}{kind.suffix}").write_bytes(mutant.data)
    report.wall_s = time.perf_counter() - began_s
    return report


def _attempt(kind: Kind, path: Path, mutant: Mutant, content: bytes, report: Report) -> tuple[str, str]:
    """The outcome of opening a file, and a sentence."""
    before_bytes = _reset_peak()
    began_s = time.process_time()
    faulthandler.dump_traceback_later(HANG_S, exit=True)
    outcome, detail = _open(kind, path, mutant, content)
    faulthandler.cancel_dump_traceback_later()
    took_s = time.process_time() - began_s
    used_bytes = _peak() - before_bytes
    report.longest_s, report.largest_bytes = max(report.longest_s, took_s), max(report.largest_bytes, used_bytes)
    if outcome not in FAULTS and took_s > MAX_S:
        return "slow", f"{took_s:.1f} s"
    if outcome not in FAULTS and used_bytes > MAX_BYTES:
        return "memory", f"{used_bytes / 2**30:.1f} GB"
    return outcome, detail


def _open(kind: Kind, path: Path, mutant: Mutant, content: bytes) -> tuple[str, str]:
    try:
        with _time_limit(3 * MAX_S):
            opened = kind.open(path)
    except UnderstudyError as problem:
        sentence = str(problem)
        fit = _is_fit(sentence)
        return ("refused", sentence) if fit else ("traceback", f"a sentence that is none: {sentence[:100]!r}")
    except _TooLong:
        return "slow", f"over {3 * MAX_S:.0f} s"
    except Exception as problem:
        place = traceback.extract_tb(problem.__traceback__)[-1]
        return "traceback", f"{type(problem).__name__}: {problem} ({Path(place.filename).name}:{place.lineno})"[:300]
    if opened.statements:
        unfit = [sentence for sentence in opened.statements if not _is_fit(sentence)]
        return ("traceback", f"a statement that is none: {unfit[0][:100]!r}") if unfit else ("stated", "")
    if mutant.is_detectable and opened.content != content:
        said = opened.content.decode(errors="replace") if len(opened.content) < 300 else "its content differs"
        return "accepted", f"in silence: {said}"
    return "silent", ""


def _is_fit(sentence: str) -> bool:
    """Whether a person can read it in a terminal."""
    return sentence.isprintable() and len(sentence) < 3000


class _TooLong(BaseException):
    """Not an Exception: what opens files turns those into sentences."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupts what takes too long, where the system has alarms."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_PROCESS = Path("/proc/self")


def _reset_peak() -> int:
    """Forgets the most memory that was in use, where the system can; returns what is in use."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM") if _PROCESS.exists() else 0


def _status(name: str) -> int:
    for line in (_PROCESS / "status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


CODE_EVENTS = frozenset(
    {
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
        "subprocess.Popen",
        "pickle.find_class",
        "socket.connect",
        "ctypes.dlopen",
        "shutil.rmtree",
        "webbrowser.open",
        "code.__new__",
    }
)
"""Of Python's audit events, those that no reading of a file has any business with."""
_watching: list[list[str]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and (event in CODE_EVENTS or (event in ("exec", "compile") and _is_text(event, arguments))):
        _watching[-1].append(event)


def _is_text(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether code out of a text is meant, and no module that is imported."""
    name = arguments[1] if event == "compile" else getattr(arguments[0], "co_filename", "")
    return isinstance(name, str) and name.startswith("<") and not name.startswith("<frozen")


@contextmanager
def watched() -> Iterator[list[str]]:
    """Names of everything dangerous that Python's audit events tell of, as it happens."""
    if not hasattr(watched, "is_hooked"):
        sys.addaudithook(_hear)  # can never be taken away again
        watched.is_hooked = True  # type: ignore[attr-defined]
    _watching.append([])
    try:
        yield _watching[-1]
    finally:
        _watching.pop()


NUMBA = frozenset({"compile", "exec", "pickle.find_class"})
"""A profile that asks for other bars than the good one has a reader compiled, or loaded from numba's cache."""
TRIAL = frozenset({"subprocess.Popen", "compile"})
"""A model is tried in a process of its own, and its names are parsed (not run) as Python writes them."""
FOLDER = frozenset({"shutil.rmtree"})
"""A folder is unpacked, and taken away again; a process of its own reads Parquet, whose arrays numpy reads back."""
KINDS: dict[str, Kind] = {
    "recordings": Kind(".mcap", good_recordings, mutate_recording, open_recording),
    "pickles": Kind(".pkl", good_pickles, mutate_pickle, open_recording),
    "profiles": Kind(".toml", good_profiles, mutate_profile, open_profile, NUMBA),
    "checkpoints": Kind(".pt", good_checkpoints, mutate_checkpoint, open_checkpoint),
    "onnx": Kind(".onnx", good_models, mutate_model, open_model, TRIAL),
    "corrections": Kind(".jsonl", good_corrections, mutate_corrections, open_corrections),
    "audits": Kind(".jsonl", good_audits, mutate_audit, open_audit),
    "exports": Kind(".zip", good_exports, mutate_folder, open_export, FOLDER),
    "datasets": Kind(".zip", good_datasets, mutate_folder, open_dataset, FOLDER | {"subprocess.Popen", "compile"}),
}
"""Name, which is the flag that asks for a number of them -> how they are made, changed and opened."""


if __name__ == "__main__":
    sys.exit(main())
