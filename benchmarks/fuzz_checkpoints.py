"""Mutations of a checkpoint: of the file's bytes, its zip entries, its pickle, and what it says and holds."""

import contextlib
import io
import json
import math
import pickletools
import random
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fuzz_case import Fuzz, WrongAcceptance
from fuzz_profiles import ODD_VALUES, places

from understudy.contract.serialization import to_plain
from understudy.policies.checkpoint import (
    Checkpoint,
    CheckpointMeta,
    Parent,
    load_checkpoint,
    save_checkpoint,
    weights_identity,
)
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import build_executor, hand_from_plain, hand_to_plain

ODD_WEIGHTS: tuple[Callable[[], Any], ...] = (
    lambda: torch.zeros(1).expand(10**10),
    lambda: torch.zeros(1, 50_000).expand(50_000, 50_000),
    lambda: torch.sparse_coo_tensor([[0]], [1.0], (10**9,)),
    lambda: torch.empty(10**12, device="meta"),
    lambda: torch.nn.Parameter(torch.ones(2)),
    lambda: torch.full((3,), math.nan),
    lambda: torch.ones(4, dtype=torch.complex64),
    lambda: torch.zeros(0, 10**9),
    lambda: torch.ones(2, dtype=torch.int64),
    lambda: {"w": torch.ones(1)},
    lambda: 10**400,
    lambda: (1, [2, (3,)]),
)
HOSTILE_NAMES = ("posix\nmkdir", "builtins\neval", "os\nmkdir", "torch.storage\n_load_from_bytes")
PAIR_OF_PAIRS = b")q\x00" + b"h\x00\x86q\x00" * 50
"""Stands for 2^50 values."""
DEEP = b")" + b"\x85" * 20_000
SCRAPS_OF_PICKLE = (
    *(b"h\x00", b"j\xff\xff\xff\xff", b"K\xff", b"J\xff\xff\xff\x7f", b"N"),
    *(b"G\x7f\xf0" + bytes(6), b"\x8a\xff" + b"\x7f" * 255),
    *(bytes([code]) for code in b"()}]0\x81\x93sueatRQb."),
    *(PAIR_OF_PAIRS, b"}" + PAIR_OF_PAIRS + b"K\x01s", DEEP, b"}" + DEEP + b"K\x01s"),
)


def make_checkpoint(folder: Path) -> bytes:
    """A small executor's, with a training state."""
    torch.manual_seed(0)
    config = ExecutorConfig(width=8, heads=2, components=2)
    weights = Executor(config).state_dict()
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    state = {"step": 3, "random": (3, tuple(range(20)), None), "optimizer": OrderedDict(w=torch.ones(6))}
    meta = CheckpointMeta(
        policy="executor",
        encoding=ENCODING,
        config=to_plain(config),
        hand=hand_to_plain(hand),
        lineage=(Parent(identity="f00d", what="recordings", when="2026-01-01"),),
        metrics={"accuracy": 0.5},
    )
    path = folder / "good.pt"
    save_checkpoint(path, Checkpoint(meta=meta, weights=weights, training={"settings": {"lr": 0.1}, "state": state}))
    return path.read_bytes()


def mutate_checkpoint(good: bytes, chooser: random.Random) -> bytes:
    """Changes bytes of the file, its zip entries, the instructions of its pickle, or what it says and holds."""
    match chooser.randrange(8):
        case 0:
            return _flip_bytes(good, chooser)
        case 1:
            return _change_entries(good, chooser)
        case 2 | 3:
            return _change_pickle(good, chooser)
        case _:
            return _change_content(good, chooser)


def _flip_bytes(good: bytes, chooser: random.Random) -> bytes:
    content = bytearray(good)
    for _ in range(chooser.choice((1, 2, 30))):
        at = chooser.randrange(len(content))
        match chooser.randrange(4):
            case 0:
                content[at] ^= 1 << chooser.randrange(8)
            case 1:
                del content[at : at + chooser.choice((1, 100, 10_000))]
            case 2:
                content[at:at] = chooser.randbytes(chooser.choice((1, 50, 5000)))
            case 3:
                content[at : at + 4] = chooser.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"PK\x05\x06", b"PK\x01\x02"))
        if not content:
            break
    return bytes(content)


def _entries(good: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore")  # an entry may stand there twice
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def _change_entries(good: bytes, chooser: random.Random) -> bytes:
    entries = list(_entries(good).items())
    at = chooser.randrange(len(entries))
    name, content = entries[at]
    compression = zipfile.ZIP_STORED
    match chooser.randrange(7):
        case 0:
            del entries[at]
        case 1:
            entries.append((name, _hostile_pickle(chooser)))
        case 2:
            entries.insert(chooser.randrange(len(entries)), ("x/data.pkl", _hostile_pickle(chooser)))
        case 3:
            entries[at] = name, content + bytes(chooser.choice((1, 4, 100_000)))
        case 4:
            entries.append(("good/data/900", bytes(100_000_000)))
            compression = chooser.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
        case 5:
            odd = chooser.choice(("/", "../x", "good/data.pkl", "GOOD/DATA.PKL", "x" * 300))
            entries[at] = odd, content
        case 6:
            entries += [(f"good/data/{1000 + number}", b"") for number in range(3000)]
    return _zipped(entries, compression)


def _hostile_pickle(chooser: random.Random) -> bytes:
    name = chooser.choice(HOSTILE_NAMES).encode()
    return b"\x80\x02}X\x06\x00\x00\x00formatc" + name + b"\nX\x08\x00\x00\x00executed\x85Rs."


def _change_pickle(good: bytes, chooser: random.Random) -> bytes:
    entries = _entries(good)
    name = next(one for one in entries if one.endswith("/data.pkl"))
    content = bytearray(entries[name])
    starts = [position for _, _, position in pickletools.genops(entries[name])]
    for _ in range(chooser.choice((1, 1, 2, 6))):
        at = chooser.choice(starts)
        match chooser.randrange(5):
            case 0:
                content[at : at + 1] = chooser.randbytes(1)
            case 1:
                content[at:at] = chooser.choice(SCRAPS_OF_PICKLE)
            case 2:
                del content[at : at + chooser.choice((1, 2, 5, 60))]
            case 3:
                content[at:at] = content[at : at + chooser.choice((2, 20, 3000))]
            case 4:
                content[at:at] = _hostile_pickle(chooser)[2:-1]
    entries[name] = bytes(content)
    return _zipped(list(entries.items()))


def _change_content(good: bytes, chooser: random.Random) -> bytes:
    warnings.simplefilter("ignore")  # torch warns of sparse tensors
    content: dict[str, Any] = torch.load(io.BytesIO(good), weights_only=True)
    for _ in range(chooser.choice((1, 1, 2))):
        with contextlib.suppress(Exception):  # what the change before made odd
            _change_one(content, chooser)
    if chooser.random() < 0.6 and isinstance(content.get("weights"), dict):
        with contextlib.suppress(Exception):  # so that what is odd is met behind the check of the identity
            if max(weight.numel() for weight in content["weights"].values()) < 10**6:
                content["identity"] = weights_identity(content["weights"])
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(content, buffer)
    return buffer.getvalue()


def _change_one(content: dict[str, Any], chooser: random.Random) -> None:
    match chooser.randrange(6):
        case 0:
            content["weights"][chooser.choice(list(content["weights"]))] = chooser.choice(ODD_WEIGHTS)()
        case 1:
            content[chooser.choice(list(content))] = chooser.choice((*ODD_VALUES[:18], *ODD_VALUES[20:]))
        case 2:
            content["format"] = chooser.choice((0, 2, 9, "1", 1.0, None, -(2**70)))
        case 3:
            del content[chooser.choice(list(content))]
        case _:
            content["meta"] = _changed_meta(content["meta"], chooser)


def _changed_meta(text: str, chooser: random.Random) -> str:
    meta = json.loads(text)
    if chooser.random() < 0.5:
        odd = chooser.choice((-1, 0, 10**9, 4096, 2**62, math.nan, "x", [1]))
        meta["config"][chooser.choice(list(meta["config"]))] = odd
    else:
        holder, key = chooser.choice(list(places(meta)))
        holder[key] = chooser.choice(ODD_VALUES)
    changed = json.dumps(meta)
    return chooser.choice((changed, changed, changed, changed[:-3], "[" * 50_000, changed.replace(":", ":[[[[", 1)))


def open_checkpoint(path: Path) -> None:
    """Loads it and builds what it says that it is."""
    saved = load_checkpoint(path)
    if any(weight.layout != torch.strided or weight.is_meta for weight in saved.weights.values()):
        raise WrongAcceptance("a weight that is no dense tensor")
    if sum(weight.numel() for weight in saved.weights.values()) > path.stat().st_size * 8:
        raise WrongAcceptance("more weights than the file has room for")
    if saved.meta.policy == "executor" and saved.meta.encoding == ENCODING:
        executor, hand = build_executor(saved), hand_from_plain(saved.meta.hand)
        if not all(bool(torch.isfinite(weight).all()) for weight in executor.state_dict().values()):
            raise WrongAcceptance("weights that are not numbers")
        if not all(np.isfinite(hand[name]).all() for name in hand.dtype.names or ()):
            raise WrongAcceptance("a hand that is not made of numbers")


CHECKPOINTS_FUZZ = Fuzz("checkpoints", ".pt", make_checkpoint, mutate_checkpoint, open_checkpoint)
