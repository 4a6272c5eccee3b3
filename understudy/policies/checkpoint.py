"""Trained weights on disk: written whole or not at all, read without running anything that the file says.

A checkpoint is a torch zip archive of three entries: `meta` (one JSON text, read strictly by `wire`), `weights` (the
averaged weights that play) and `training` (raw weights, optimiser and random state; only in last_model.pt and
checkpoint_epoch_N.pt). Deliberately no pickled classes: `torch.load(weights_only=True)` is the only reader, and it is
called here alone, on an archive that was judged before (checkpoint_archive.py).
"""

import hashlib
import io
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from understudy.contract import serialization
from understudy.contract.errors import CheckpointError, EncodingMismatchError, WireError
from understudy.contract.profile import GameNote
from understudy.contract.safe_files import replacing
from understudy.policies.checkpoint_archive import first_line, judged_archive, no_checkpoint

BEST = "best_model.pt"
LAST = "last_model.pt"
EPOCH = "checkpoint_epoch_{epoch}.pt"
HELD_OUT = "held_out"
"""Folder in a policy's own for what never saw the held-out sessions, where the policy itself learnt from them too; and
what a `Parent` is called that lies there."""
BASE = "base"
"""What a `Parent` is called that weights were learnt on from: fine-tuned, shadow or online learning, practice."""

_FORMAT = 1
_WORD = re.compile(r"[\w.:+-]{0,100}")
"""What names policies and weights: some of them are looked for by name on disk."""


@dataclass(frozen=True, kw_only=True)
class Parent:
    """One thing that a checkpoint was made from."""

    identity: str
    """`Checkpoint.identity` of other weights, or a hash of data."""
    what: str
    """For example `strategist`, `recordings` or `base`."""
    when: str
    """ISO time at which it was used."""

    def __post_init__(self) -> None:
        _require_words(identity=self.identity, what=self.what, when=self.when)


def parent_now(identity: str, what: str) -> Parent:
    """A parent that is used at this moment."""
    return Parent(identity=identity, what=what, when=datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True, kw_only=True)
class CheckpointMeta:
    """What a checkpoint says about itself; plain values only."""

    policy: str
    """`strategist`, `tactician` or `executor`."""
    encoding: str
    """Name and version of the encoding that the weights were trained on."""
    config: dict[str, Any] = field(default_factory=dict)
    """The model's config dataclass, by `serialization.to_plain`."""
    hand: dict[str, Any] = field(default_factory=dict)
    """The fitted hand, by `serialization.to_plain`; empty where the policy has none."""
    game: GameNote = field(default_factory=GameNote)
    """The game that it was trained for."""
    data_hash: str = ""
    """Hash of the recordings and weights that it was trained on."""
    lineage: tuple[Parent, ...] = ()
    """What it was made from, oldest first."""
    metrics: dict[str, float] = field(default_factory=dict)
    """What it scored on held-out sessions."""
    epoch: int = 0
    """Epochs trained when it was written."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of the libraries that wrote it."""

    def __post_init__(self) -> None:
        _require_words(policy=self.policy, encoding=self.encoding, data_hash=self.data_hash)
        for version in self.versions.values():
            _require_words(version=version)
        if self.epoch < 0:
            raise ValueError(f"epoch must be 0 or more, not {self.epoch}")


def _require_words(**values: str) -> None:
    for name, value in values.items():
        if not _WORD.fullmatch(value):
            raise ValueError(f"{name} must be at most 100 letters, digits or . : + -, not {value[:40]!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """Weights and what they are."""

    meta: CheckpointMeta
    weights: dict[str, Tensor]
    """A module's state dict."""
    training: dict[str, Any] | None = None
    """What `fit` needs to go on as if it had never stopped; None in best_model.pt."""

    @property
    def identity(self) -> str:
        """Sixteen hex digits that follow from the weights alone: equal weights, equal identity."""
        return weights_identity(self.weights)

    def continues(self, identity: str) -> bool:
        """Whether these are the weights of that identity, or were learnt on from them."""
        bases = {parent.identity for parent in self.meta.lineage if parent.what == BASE}
        return identity == self.identity or identity in bases


def weights_identity(weights: Mapping[str, Tensor]) -> str:
    """Sixteen hex digits of the SHA-256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return digest.hexdigest()[:16]


def library_versions() -> dict[str, str]:
    """Versions worth knowing when old weights behave in a new way."""
    return {
        "understudy": metadata.version("understudy"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint beside `path` and moves it there, so that a crash leaves the old one or the new one.

    Raises:
        CheckpointError: if it cannot be written (disk full, no permission); what was there before is untouched.
    """
    meta = replace(checkpoint.meta, versions=checkpoint.meta.versions or library_versions())
    buffer = io.BytesIO()
    torch.save(
        {
            "format": _FORMAT,
            "meta": serialization.to_json(meta),
            "identity": checkpoint.identity,
            "weights": {name: tensor.detach().cpu() for name, tensor in checkpoint.weights.items()},
            "training": checkpoint.training,
        },
        buffer,
    )
    try:
        _write_whole(path, buffer.getbuffer())
    except OSError as problem:
        raise CheckpointError(
            f"The checkpoint {path} could not be written ({problem.strerror or problem}): make room or name another "
            "folder; what was there before is untouched."
        ) from problem


def _write_whole(path: Path, content: memoryview) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(content)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the move itself survive a power cut; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_checkpoint(path: Path, policy: str | None = None, encoding: str | None = None) -> Checkpoint:
    """Reads a checkpoint onto the CPU; nothing in the file is run.

    Args:
        path: best_model.pt, last_model.pt or any other checkpoint.
        policy: which policy is expected; None takes any.
        encoding: which encoding the caller speaks; None takes any.

    Raises:
        CheckpointError: if it is missing, torn, hostile, or of another policy.
        EncodingMismatchError: if it was trained on another encoding.
    """
    content = _read_archive(path)
    checkpoint = _unpack(path, content)
    meta = checkpoint.meta
    if policy is not None and meta.policy != policy:
        raise CheckpointError(
            f"{path} holds the policy {meta.policy} where {policy} was expected: give the {policy}'s best_model.pt."
        )
    if encoding is not None and meta.encoding != encoding:
        raise EncodingMismatchError(
            f"{path} was trained on the encoding {meta.encoding!r}, but this version speaks {encoding!r}: train the "
            f"{meta.policy} again, or play it with the version that trained it "
            f"(understudy {meta.versions.get('understudy', 'unknown')})."
        )
    return checkpoint


def load_playing(folder: Path, policy: str, encoding: str, *, judged: bool = False) -> Checkpoint:
    """What plays of a policy, or what is judged in its place: its twin that never saw the held-out sessions.

    Weights that were learnt on since, or trained from other recordings than a twin that lies there still, have none.

    Args:
        folder: the policy's own.
        policy, encoding: as in `load_checkpoint`.
        judged: take the twin, where there is one.

    Raises:
        CheckpointError, EncodingMismatchError: as `load_checkpoint`.
    """
    best = load_checkpoint(folder / BEST, policy, encoding)
    twins = {parent.identity for parent in best.meta.lineage if parent.what == HELD_OUT}
    path = folder / HELD_OUT / BEST
    if not judged or not twins or not path.exists() or any(parent.what == BASE for parent in best.meta.lineage):
        return best
    held_out_twin = load_checkpoint(path, policy, encoding)
    return held_out_twin if held_out_twin.identity in twins else best


def _read_archive(path: Path) -> Any:
    archive = judged_archive(path)
    try:
        return torch.load(archive, map_location="cpu", weights_only=True)
    except Exception as problem:  # torch raises nearly anything, from RuntimeError to IndexError
        raise CheckpointError(f"{path} is torn ({first_line(problem)}): take another copy or train again.") from problem


def _unpack(path: Path, content: Any) -> Checkpoint:
    if not isinstance(content, dict) or type(content.get("format")) is not int:
        raise no_checkpoint(path)
    if content["format"] > _FORMAT:
        raise CheckpointError(
            f"{path} was written by a newer version of understudy (checkpoint format {content['format']}, this version "
            f"reads {_FORMAT}): install that version."
        )
    whole = {"format", "meta", "identity", "weights", "training"} <= set(content) and content["format"] == _FORMAT
    training = content.get("training")
    if not whole or not _is_state_dict(content["weights"]) or not (training is None or isinstance(training, dict)):
        raise no_checkpoint(path)
    checkpoint = Checkpoint(meta=_meta(path, content["meta"]), weights=dict(content["weights"]), training=training)
    if checkpoint.identity != content["identity"]:
        raise CheckpointError(f"{path} is torn (its weights have changed since it was written): train again.")
    return checkpoint


def _meta(path: Path, text: Any) -> CheckpointMeta:
    try:
        if not isinstance(text, str):
            raise WireError(f"{path.name}: a {type(text).__name__} was given where text was expected")
        return serialization.from_json(CheckpointMeta, text, path.name)
    except WireError as problem:
        raise CheckpointError(
            f"{path} does not describe itself as a checkpoint should ({problem}): train again."
        ) from problem


def _is_state_dict(weights: Any) -> bool:
    return isinstance(weights, dict) and all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in weights.items()
    )
