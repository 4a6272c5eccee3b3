"""Pickles of recordings for `fuzz`, and how they are changed: bytes, instructions, values, calls that leave a trace."""

import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_changes import Mutant, mutate_bytes
from fuzz_recordings import made_up_episode

from understudy.recordings.store import write_episode


class _Calls:
    """Pickles to a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def good_pickles(folder: Path) -> list[bytes]:
    """The guide's form of a recording, by every protocol that can hold it."""
    write_episode(made_up_episode(12), folder / "good.pkl")
    data = (folder / "good.pkl").read_bytes()
    plain = pickle.loads(data)
    return [data, data, pickle.dumps(plain, 5), pickle.dumps(plain, 3)]


def mutate_pickle(data: bytes, draw: random.Random, trace: Path) -> Mutant:
    """A changed pickle."""
    how, change = draw.choice(list(_PICKLE_CHANGES.items()))
    return Mutant(change(data, draw, trace), how == "bytes", how)


_INSTRUCTIONS = (
    *(bytes([code]) for code in b"(.012N]}})aesutldRbo"),
    *(bytes([code]) for code in b"\x81\x85\x86\x87\x88\x8f\x90\x91\x92\x93\x94\x97\x98"),
    *(b"h" + bytes([slot]) for slot in (0, 1, 5)),
    b"K\x01", b"q\xff", b"j\x00\x00\x00\x00", b"Q", b"r\xff\xff\xff\x7f", b"\x8c\x01a", b"\x82\x01", b"P1\n",
    b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n",
    b"cnumpy._core.multiarray\nscalar\n", b"cos\nsystem\n", b"cbuiltins\neval\n", b"cbuiltins\ngetattr\n",
    b"\x8a\xff" + b"\x7f" * 255, b"I99\n", b"L5L\n", b"F1e999\n", b"V\\ud800\n",
    b"\x8b\xff\xff\xff\x7f", b"\x8e" + b"\xff" * 8, b"\x95" + b"\xff" * 8,
)  # fmt: skip
"""Of pickles, good and bad ones, with arguments where they need some."""


def _of_instructions(data: bytes, draw: random.Random, trace: Path) -> bytes:
    return b"\x80\x04" + b"".join(draw.choices(_INSTRUCTIONS, k=draw.choice((5, 30, 300)))) + b"."


def _with_instructions(data: bytes, draw: random.Random, trace: Path) -> bytes:
    place = draw.randrange(2, len(data))
    inserted = b"".join(draw.choices(_INSTRUCTIONS, k=draw.choice((1, 2, 8))))
    return data[:place] + inserted + data[place + draw.choice((0, 1, len(inserted))) :]


def _repeated(data: bytes, draw: random.Random, trace: Path) -> bytes:
    """A few instructions thousands of times."""
    some = b"".join(draw.choices(_INSTRUCTIONS, k=draw.choice((1, 2, 3))))
    begin = b"".join(draw.choices(_INSTRUCTIONS, k=draw.choice((0, 2, 5))))
    end = b"".join(draw.choices(_INSTRUCTIONS, k=draw.choice((0, 2, 5))))
    return b"\x80\x04" + begin + some * draw.choice((40, 5_000, 60_000)) + end + b"."


def _hostile(data: bytes, draw: random.Random, trace: Path) -> bytes:
    """Calls that leave a trace, at a place where a value is expected, by a protocol that need not be ours."""
    code = f"open({str(trace)!r}, 'w')"
    calls = (
        _Calls(os.system, f"touch {trace}"),
        _Calls(eval, code),
        _Calls(exec, code),
        _Calls(open, str(trace), "w"),
        _Calls(os.mkdir, str(trace)),
        _Calls(np.save, str(trace), 1),
        _Calls(__import__, "antigravity"),
    )
    plain = pickle.loads(data)
    value = draw.choice(calls)
    where = draw.randrange(4)
    if where == 0:
        plain["info"][draw.choice(list(plain["info"]))] = value
    elif where == 1:
        plain["arrays"][draw.choice(list(plain["arrays"]))] = value
    elif where == 2:
        plain[value] = 1
    else:
        plain = {**plain, "more": [[value]]}
    changed = pickle.dumps(plain, draw.randrange(2, 6))
    return mutate_bytes(changed, draw)[0] if draw.random() < 0.3 else changed


def _other_values(data: bytes, draw: random.Random, trace: Path) -> bytes:
    """A column or a setting of another kind."""
    plain = pickle.loads(data)
    odd: tuple[Any, ...] = (
        None, -1, 2**70, float("nan"), "x", b"x", [], {}, (), np.float64(1), np.zeros(0), np.zeros((12, 2)),
        np.full(12, np.nan), np.full(12, 2**40), np.zeros(12, complex), np.zeros(12, object), np.zeros(12, "M8[s]"),
        np.zeros(12, bool), np.zeros(12, "U3"), "\ud800", [[[[]]]], {"a": {"b": {}}}, "\x1b[2J" * 1000, 10**300,
    )  # fmt: skip
    table = draw.choice((plain, plain["info"], plain["info"]["profile"], plain["arrays"]))
    table[draw.choice(list(table))] = draw.choice(odd)
    if draw.random() < 0.5:
        plain.pop("checksum", None)
    return pickle.dumps(plain, 4)


_PICKLE_CHANGES: dict[str, Callable[[bytes, random.Random, Path], bytes]] = {
    "bytes": lambda data, draw, trace: mutate_bytes(data, draw)[0],
    "instructions": _of_instructions,
    "instructions inserted": _with_instructions,
    "instructions repeated": _repeated,
    "hostile": _hostile,
    "other values": _other_values,
}
