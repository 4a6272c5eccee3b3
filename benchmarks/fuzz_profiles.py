"""Mutations of a game's profile: bytes, lines, and values by what they mean."""

import contextlib
import json
import math
import random
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_case import Fuzz, WrongAcceptance

from understudy.contract.errors import WorldError
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml
from understudy.perception.detector import NullDetector
from understudy.perception.label_map import kinds_of_labels
from understudy.perception.pipeline import PerceptionPipeline
from understudy.policies.click_semantics import geometry_of
from understudy.worlds.catalog import PROFILES

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
    holder, key = chooser.choice(list(places(table)))
    match chooser.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder[key], list) and holder[key]:
            holder[key] = holder[key] * chooser.choice((2, 9, 40))
        case 2:
            table["keys"] = [f"f{number}" for number in range(chooser.choice((0, 9, 32, 33, 40)))]
        case _:
            holder[key] = chooser.choice(ODD_VALUES)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each list or table within a value, with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@cache
def _picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (360, 640, 3)).astype(np.uint8)


def open_profile(path: Path) -> None:
    """Reads a profile, and two pictures with it."""
    profile = read_toml(Profile, path)
    _expect_sane(profile)
    eye = PerceptionPipeline(profile, NullDetector())
    for number in range(2):
        eye.process(_picture(), 1.0 + 0.05 * number, (0.5, 0.5))
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


PROFILES_FUZZ = Fuzz("profiles", ".toml", make_profile, mutate_profile, open_profile)
