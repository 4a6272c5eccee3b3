"""Mutations of good profiles, checkpoints and ONNX models, opened as the product opens them.

    python benchmarks/fuzz_models.py --profiles 6000 --checkpoints 2600 --onnx 500 --seed 0

A kind (`Fuzz`) makes a good file, mutates its bytes and opens the result. Opening may refuse with an UnderstudyError;
anything else that it raises is a fault, and so is a result that breaks a promise (`WrongAcceptance`), a case over 10 s,
one that takes over 1 GB (itself or a child), and a mark that hostile code would leave. benchmarks/fuzz.py runs the same
kinds beside those of recordings, pickles and logs.
"""

import argparse
import contextlib
import json
import math
import random
import resource
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import UnderstudyError, WorldError
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.perception.detector import Blind
from understudy.perception.label_map import kinds_of_labels
from understudy.perception.pipeline import Eye
from understudy.policies.click_semantics import geometry_of
from understudy.worlds.catalog import PROFILES

LONGEST_S = 10.0
MOST_BYTES = 10**9
SHOWN = 5
"""Faults of a kind that are printed in full."""


class WrongAcceptance(Exception):
    """A file that breaks a promise was read without a word."""


@dataclass(frozen=True)
class Fuzz:
    """One kind of file."""

    name: str
    suffix: str
    make: Callable[[Path], bytes]
    """A good file's bytes; may write in the folder that it is given."""
    mutate: Callable[[bytes, random.Random], bytes]
    open: Callable[[Path], None]
    """Raises UnderstudyError where the file is refused, WrongAcceptance where it should have been."""


@dataclass
class FuzzReport:
    """What became of the cases of one kind."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    """`accepted`, `refused`, and the faults: `traceback`, `slow`, `memory`, `wrong`, `executed`."""
    details: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    most_bytes: int = 0
    """The most that the process or one of its children grew to."""

    @property
    def num_faults(self) -> int:
        """Cases that went wrong."""
        return sum(count for outcome, count in self.outcomes.items() if outcome not in ("accepted", "refused"))


def run(kind: Fuzz, count: int, seed: int, folder: Path) -> FuzzReport:
    """Opens `count` mutations; every tenth file is the good one with a single byte changed or none."""
    report, good = FuzzReport(kind.name), kind.make(folder)
    for number in range(count):
        chooser = random.Random(f"{kind.name} {seed} {number}")
        content = kind.mutate(good, chooser)
        path = folder / f"case{kind.suffix}"
        path.write_bytes(content)
        _one_case(kind, report, number, path, folder)
    return report


def _one_case(kind: Fuzz, report: FuzzReport, number: int, path: Path, folder: Path) -> None:
    before, begun_s = _grown(), time.perf_counter()
    outcome = "accepted"
    try:
        kind.open(path)
    except UnderstudyError as refusal:
        outcome = "refused" if _is_one_sentence(str(refusal)) else "traceback"
        if outcome == "traceback":
            report.details.append(f"case {number}: not one sentence: {str(refusal)[:300]!r}")
    except WrongAcceptance as wrong:
        outcome = "wrong"
        report.details.append(f"case {number}: {wrong}")
    except Exception:
        outcome = "traceback"
        report.details.append(f"case {number}: {traceback.format_exc()[-1500:]}")
    spent_s, grown = time.perf_counter() - begun_s, _grown() - before
    report.longest_s, report.most_bytes = max(report.longest_s, spent_s), max(report.most_bytes, grown)
    report.outcomes[outcome] += 1
    for fault, happened in (
        ("slow", spent_s > LONGEST_S),
        ("memory", grown > MOST_BYTES),
        ("executed", _mark(folder).exists()),
    ):
        if happened:
            report.outcomes[fault] += 1
            report.details.append(f"case {number}: {fault}, {spent_s:.1f} s, {grown / 1e6:.0f} MB more than before")
    _mark(folder).unlink(missing_ok=True)


def _mark(folder: Path) -> Path:
    """What hostile files of the mutators would leave behind if something of them were run."""
    return folder / "executed"


def _is_one_sentence(text: str) -> bool:
    return bool(text) and "\n" not in text and len(text) < 2000


def _grown() -> int:
    """The most bytes that this process has held so far, or a child of it that has ended."""
    unit = 1 if sys.platform == "darwin" else 1024
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return unit * most


# ---- profiles

ODD_VALUES: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, 0, -1, 1, 2, 0.5, 1e-300, 1e300, -0.0, 2**31, 2**63, 2**64, -(2**63), 10**400),
    *("", "x", "../../x", "a/b", "..", "C:\\x", "x" * 5000, "\x1b[31mred", "two\nlines", "PLAYER", "NONE", "nan"),
    *([], {}, [[]], [math.nan], [0, 0, 0], [256, -1, 0], [1e9, 1e9], {"a": 1}, True, False),
)
TOML_SCRAPS = (
    *("[[", "]]", "=", "\n[eye]\n", "\n[[eye.dots]]\n", '"""', "'''", "nan", "inf", "-", "1e999", "2020-01-01", "\\"),
    *("{", "\x00", "\x7f", "\xff"),
    *("[" * 2000, "a." * 3000 + "b=1\n", "# " * 999),
)


def make_profile(folder: Path) -> bytes:
    """The embedded game's."""
    return (PROFILES / "darkorbit.toml").read_bytes()


def mutate_profile(good: bytes, chooser: random.Random) -> bytes:
    """Changes bytes, lines, or values by what they mean."""
    if chooser.random() < 0.5:
        return _mutate_text(good, chooser)
    value = tomllib.loads(good.decode())
    for _ in range(chooser.choice((1, 1, 1, 2, 4))):
        _change_one(value, chooser)
    lines = [f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _inline(value: Any) -> str:
    """Any plain value as TOML in one line; the product's own writer knows only what a profile may hold."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, (bool, str)):
        return json.dumps(value)
    return repr(value)


def _mutate_text(good: bytes, chooser: random.Random) -> bytes:
    content = bytearray(good)
    for _ in range(chooser.choice((1, 1, 2, 8, 64))):
        at = chooser.randrange(len(content) + 1)
        match chooser.randrange(5):
            case 0:
                content[at : at + 1] = bytes([chooser.randrange(256)])
            case 1:
                del content[at : at + chooser.choice((1, 3, 40, 4000))]
            case 2:
                content[at:at] = chooser.choice(TOML_SCRAPS).encode("utf-8", "surrogatepass")
            case 3:
                content[at:at] = content[at : at + chooser.choice((5, 80, 2000))]
            case 4:
                digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
                if digits:
                    content[chooser.choice(digits)] = ord(chooser.choice("0123456789-e."))
    return bytes(content)


def _change_one(table: dict[str, Any], chooser: random.Random) -> None:
    """Puts an odd value in the place of one that lies anywhere, drops it, or writes a list longer."""
    places = list(_places(table))
    holder, key = chooser.choice(places)
    match chooser.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder[key], list) and holder[key]:
            holder[key] = holder[key] * chooser.choice((2, 9, 40))
        case 2:
            table["keys"] = [f"f{number}" for number in range(chooser.choice((0, 9, 32, 33, 40)))]
        case _:
            holder[key] = chooser.choice(ODD_VALUES)


def _places(value: Any) -> Any:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


@cache
def _picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (360, 640, 3)).astype(np.uint8)


def open_profile(path: Path) -> None:
    """Reads a profile, and two pictures with it."""
    profile = read_toml(Profile, path)
    _expect_sane(profile)
    eye = Eye(profile, Blind())
    for number in range(2):
        eye.look(_picture(), 1.0 + 0.05 * number, (0.5, 0.5))
    with contextlib.suppress(WorldError):  # more kinds or keys than the policies have places for
        geometry_of(profile)
    kinds_of_labels(tuple(kind.name for kind in profile.kinds), profile)


def _expect_sane(profile: Profile) -> None:
    for what, number in _numbers(profile, "profile"):
        if not math.isfinite(number) or abs(number) > 1e7:
            raise WrongAcceptance(f"{what} is {number}")
    if profile.window_width <= 0 or profile.window_height <= 0:
        raise WrongAcceptance(f"a window of {profile.window_width} x {profile.window_height}")
    if len(profile.keys) > 32 or len(set(profile.keys)) != len(profile.keys):
        raise WrongAcceptance(f"{len(profile.keys)} keys, {len(set(profile.keys))} of them distinct")
    if Path("models").joinpath(f"{profile.name}.onnx").resolve().parent != Path("models").resolve():
        raise WrongAcceptance(f"the name {profile.name!r} leaves the folder")
    for box in (profile.minimap, *profile.panels):
        if not (box.width > 0 and box.height > 0 and box.left >= -1e-6 and box.left + box.width <= 1 + 2e-6):
            raise WrongAcceptance(f"{box} does not lie in the window")


def _numbers(value: Any, where: str) -> Any:
    if is_dataclass(value):
        for one in fields(value):
            yield from _numbers(getattr(value, one.name), f"{where}.{one.name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _numbers(item, f"{where}[{number}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield where, value


PROFILE_FUZZ = Fuzz("profiles", ".toml", make_profile, mutate_profile, open_profile)

KINDS = {kind.name: kind for kind in (PROFILE_FUZZ,)}
"""By the name of their flag."""


def main() -> int:
    """Prints one line a kind, and the first faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in KINDS:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    counts = vars(parser.parse_args())
    num_faults = 0
    for name, kind in KINDS.items():
        if counts[name]:
            begun_s = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                report = run(kind, counts[name], counts["seed"], Path(folder))
            print(
                f"{name}: {dict(report.outcomes)}, longest {report.longest_s:.1f} s, most memory on top "
                f"{report.most_bytes / 1e6:.0f} MB, {time.perf_counter() - begun_s:.0f} s in all"
            )
            for detail in report.details[:SHOWN]:
                print(f"  {detail}")
            num_faults += report.num_faults
    return min(num_faults, 1)


if __name__ == "__main__":
    sys.exit(main())
