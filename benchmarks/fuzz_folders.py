"""Folders that other people made, for `fuzz`: exported policies and LeRobot data sets; one file in them is changed.

A folder is packed as an uncompressed zip file, so that a case is one file.
"""

import hashlib
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fuzz_changes import NASTY_TEXTS, Mutant, Opened, mutate_bytes
from fuzz_profiles import ODD_VALUES, places
from fuzz_recordings import made_up_episode

from understudy.contract.serialization import to_plain
from understudy.policies.checkpoint import Checkpoint, CheckpointMeta
from understudy.policies.encoder import ENCODING
from understudy.policies.exchange.export_folder import export_policies, write_folder
from understudy.policies.exchange.import_folder import import_policies
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import hand_to_plain
from understudy.recordings.exports.lerobot_export import export_lerobot
from understudy.recordings.exports.lerobot_import import import_lerobot

UNREAD = (".onnx", ".md", "tasks.parquet", "stats.json", "meta/episodes/chunk-000/file-000.parquet")
"""Endings of the names of files that no import opens."""


def good_exports(folder: Path) -> list[bytes]:
    """An exported executor without the two above it."""
    torch.manual_seed(0)
    config = ExecutorConfig(width=8, heads=2, components=2)
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    for name in ("duration", "dwell", "press", "key_press"):
        hand[name] = 2.0
    meta = CheckpointMeta(policy="executor", encoding=ENCODING, config=to_plain(config), hand=hand_to_plain(hand))
    exported = export_policies({"executor": Checkpoint(meta=meta, weights=Executor(config).state_dict())})
    write_folder(folder / "export", exported, "# A card\n")
    return [_packed(folder / "export")]


def good_datasets(folder: Path) -> list[bytes]:
    """Two short episodes of made-up numbers."""
    export_lerobot([(made_up_episode(), None), (made_up_episode(25), None)], folder / "set")
    return [_packed(folder / "set")]


def mutate_folder(data: bytes, draw: random.Random, trace: Path) -> Mutant:
    """One file changed, in JSON also at one value; half of the digests in config.json are made to fit again."""
    files = _files(data)
    name = draw.choice([name for name in files if not name.endswith(UNREAD)])
    if name.endswith(".json") and draw.random() < 0.6:
        how = f"{name}: a value"
        files[name] = _with_odd_value(files[name], draw)
    else:
        files[name], how = mutate_bytes(files[name], draw)
        how = f"{name}: {how}"
    if "config.json" in files and name != "config.json" and draw.random() < 0.7:
        config = json.loads(files["config.json"])
        config["sha256"][name] = hashlib.sha256(files[name]).hexdigest()
        files["config.json"] = json.dumps(config).encode()
        how += ", with its digest"
    return Mutant(_zip(files), False, how)


def _with_odd_value(data: bytes, draw: random.Random) -> bytes:
    plain = json.loads(data)
    holder, key = draw.choice(list(places(plain)))
    value = draw.choice(ODD_VALUES)
    holder[key] = value() if callable(value) else value
    text = json.dumps(plain, default=str).encode()
    return text if draw.random() < 0.9 else text.replace(b"0", draw.choice(NASTY_TEXTS), 1)


def open_export(path: Path) -> Opened:
    """Imports the policies."""
    return _open(path, lambda folder: {name: level.identity for name, level in import_policies(folder).items()})


def open_dataset(path: Path) -> Opened:
    """Imports the episodes."""
    return _open(path, lambda folder: [each.observations.tobytes() for each in import_lerobot(folder)])


def _open(path: Path, read: Callable[[Path], Any]) -> Opened:
    with tempfile.TemporaryDirectory() as place:
        for name, content in _files(path.read_bytes()).items():
            (Path(place) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(place) / name).write_bytes(content)
        return Opened(repr(read(Path(place))).encode(), ())


def _packed(folder: Path) -> bytes:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return _zip({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def _files(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
