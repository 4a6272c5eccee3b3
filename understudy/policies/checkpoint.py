"""Checkpoints: trained weights on disk, written atomically and read without executing any code of the file.

A checkpoint is a torch zip archive of three entries: `meta` (one JSON text, read strictly by `serialization`),
`weights` (the averaged weights that play) and `training` (raw weights, optimiser and random state; only in
last_model.pt and checkpoint_epoch_N.pt). Deliberately no pickled classes: `torch.load(weights_only=True)` is the only
reader, called only here, on an archive that was validated before (checkpoint_archive.py).
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
"""Sub-folder for a policy's twin that was trained without the held-out sessions; also `Parent.what` of such a twin."""
BASE = "base"
"""`Parent.what` of the initial weights of fine-tuning, shadow learning, online learning and practice."""

_FORMAT = 1
_WORD = re.compile(r"[\w.:+-]{0,100}")
"""Allowed names of policies and weights, some of which become file names."""


@dataclass(frozen=True, kw_only=True)
class Parent:
    """One input of a checkpoint's training: other weights or data."""

    identity: str
    """`Checkpoint.identity` of other weights, or a hash of data."""
    what: str
    """For example `strategist`, `recordings` or `base`."""
    when: str
    """ISO time at which it was used."""

    def __post_init__(self) -> None:
        _require_words(identity=self.identity, what=self.what, when=self.when)


def parent_now(identity: str, what: str) -> Parent:
    """Returns a Parent with the present time."""
    return Parent(identity=identity, what=what, when=datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True, kw_only=True)
class CheckpointMeta:
    """Metadata of a checkpoint; plain values only."""

    policy: str
    """`strategist`, `tactician` or `executor`."""
    encoding: str
    """Name and version of the observation encoding that the weights were trained on."""
    config: dict[str, Any] = field(default_factory=dict)
    """The model's config dataclass, by `serialization.to_plain`."""
    hand: dict[str, Any] = field(default_factory=dict)
    """The fitted motor model, by `serialization.to_plain`; empty if the policy has none."""
    game: GameNote = field(default_factory=GameNote)
    """The game for which it was trained."""
    data_hash: str = ""
    """Hash of the recordings and weights that it was trained on."""
    lineage: tuple[Parent, ...] = ()
    """Lineage: inputs of its training, oldest first."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Metrics on held-out sessions."""
    epoch: int = 0
    """Number of trained epochs."""
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
    """Weights with their metadata."""

    meta: CheckpointMeta
    weights: dict[str, Tensor]
    """A module's state dict."""
    training: dict[str, Any] | None = None
    """Training state with which `fit` resumes exactly; None in best_model.pt."""

    @property
    def identity(self) -> str:
        """Sixteen hex digits of a hash of the weights alone."""
        return weights_identity(self.weights)

    def continues(self, identity: str) -> bool:
        """Returns whether these are the weights of that identity, or were trained from them."""
        bases = {parent.identity for parent in self.meta.lineage if parent.what == BASE}
        return identity == self.identity or identity in bases


def weights_identity(weights: Mapping[str, Tensor]) -> str:
    """Returns sixteen hex digits of the SHA-256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return digest.hexdigest()[:16]


def library_versions() -> dict[str, str]:
    """Returns the versions of the libraries that can affect the behaviour of weights."""
    return {
        "understudy": metadata.version("understudy"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint atomically: a crash leaves the old file or the new one.

    Raises:
        CheckpointError: if it cannot be written (disk full, no permission); the old file is unchanged.
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
    """Flushes the rename to disk (fsync of the folder), against a power loss; Windows needs no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_checkpoint(path: Path, policy: str | None = None, encoding: str | None = None) -> Checkpoint:
    """Loads a checkpoint onto the CPU; executes none of the file's code.

    Args:
        path: best_model.pt, last_model.pt or any other checkpoint.
        policy: the expected policy; None accepts any.
        encoding: the caller's observation encoding; None accepts any.

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
    """Loads a policy's active checkpoint, or, for evaluation, its twin that was trained without the held-out sessions.

    Weights that were trained further, or on other recordings than an existing twin, have no twin.

    Args:
        folder: of the policy.
        policy, encoding: as in `load_checkpoint`.
        judged: load the twin if there is one.

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
