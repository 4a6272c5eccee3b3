"""Reads an exported folder back to checkpoints; nothing in it is trusted and none of it is run.

The ONNX files are compared with their digests and not opened: what plays is exported again from the weights, so the
decisions are those of the checkpoints that were exported, to the bit.
"""

import hashlib
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import CheckpointError, EncodingMismatchError, WireError
from understudy.contract.serialization import from_plain
from understudy.contract.terminal_text import printable
from understudy.policies.checkpoint import Checkpoint, CheckpointMeta
from understudy.policies.checkpoint_archive import MAX_BYTES, first_line
from understudy.policies.encoder import ENCODING
from understudy.policies.exchange.exchange_format import (
    CONFIG,
    EVERY_TICKS,
    FORMAT,
    HAND,
    WEIGHTS,
    ExchangeConfig,
    files_of,
)
from understudy.policies.policy_bundle import build_policies

MAX_JSON_BYTES = 4_000_000
"""Limit of config.json and motor_model.json; ours have up to 120,000."""
MAX_HEADER_BYTES = 1_000_000
"""Limit of the header of a safetensors file; ours has 5,000."""


def import_policies(folder: Path) -> dict[str, Checkpoint]:
    """Reads the checkpoints of an exported folder, and builds the policies once to validate them.

    Returns:
        Policy -> its checkpoint, the slowest level first.

    Raises:
        CheckpointError: if a file is missing, torn, hostile, of a newer version or does not fit the others.
        EncodingMismatchError: if the weights were trained on another encoding.
    """
    config = _read_config(folder)
    names = files_of(list(config.networks))
    if set(config.sha256) != set(names):
        raise _no_export(folder, "its list of files is another one")
    files = {name: _read(folder / name, MAX_JSON_BYTES if name == HAND else MAX_BYTES) for name in names}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != config.sha256[name]:
            raise CheckpointError(
                f"{folder / name} is torn (its content has changed since it was exported): export again."
            )
    hand = _json(folder / HAND, files[HAND])
    levels = {
        policy: Checkpoint(
            meta=replace(spec.meta, hand=hand) if policy == "executor" else spec.meta,
            weights=_weights(folder / WEIGHTS.format(policy=policy), files[WEIGHTS.format(policy=policy)]),
        )
        for policy in EVERY_TICKS
        if (spec := config.networks.get(policy)) is not None
    }
    for policy, level in levels.items():
        if level.identity != config.networks[policy].identity:
            raise _no_export(folder, f"it names other weights of the {policy}")
    if build_policies(levels).sampling != config.sampling:
        raise _sampled_otherwise(folder, config)
    return levels


def _read_config(folder: Path) -> ExchangeConfig:
    """Reads config.json and checks that these are policies which this version plays as they were exported."""
    path = folder / CONFIG
    plain = _json(path, _read(path, MAX_JSON_BYTES))
    version = plain.get("format")
    if type(version) is not int:
        raise _no_export(folder, f"{CONFIG} has no format")
    if version > FORMAT:
        raise CheckpointError(
            f"{folder} was written by a newer version of understudy (format {version}, this version reads {FORMAT}): "
            "install that version."
        )
    try:
        config = from_plain(ExchangeConfig, plain, CONFIG)
    except (WireError, ValueError) as problem:
        raise _no_export(folder, first_line(problem)) from problem
    metas = {policy: spec.meta for policy, spec in config.networks.items()}
    if "executor" not in metas or any(meta.policy != policy for policy, meta in metas.items()):
        raise _no_export(folder, "it does not name its policies")
    needed = {parent.what for parent in metas["executor"].lineage} & {"strategist", "tactician"}
    if set(metas) != {"executor", *needed}:
        raise _no_export(folder, "it lacks a policy that the executor was trained with, or has one too many")
    other = next((one for one in (config.encoding, *(meta.encoding for meta in metas.values())) if one != ENCODING), "")
    if other:
        raise EncodingMismatchError(
            f"{folder} was trained on the encoding {printable(other, most=60)!r}, but this version speaks "
            f"{ENCODING!r}: import it with the version that exported it (understudy {_version(metas)})."
        )
    if any(spec.every_ticks != EVERY_TICKS[policy] for policy, spec in config.networks.items()):
        raise _sampled_otherwise(folder, config)
    return config


def _sampled_otherwise(folder: Path, config: ExchangeConfig) -> CheckpointError:
    version = _version({policy: spec.meta for policy, spec in config.networks.items()})
    return CheckpointError(
        f"{folder} is sampled at other temperatures or rates than this version plays with: import it with the "
        f"version that exported it (understudy {version})."
    )


def _version(metas: dict[str, CheckpointMeta]) -> str:
    return printable(metas["executor"].versions.get("understudy", "unknown"), most=40)


def _weights(path: Path, content: bytes) -> dict[str, Tensor]:
    """Unpacks safetensors, whose reader checks that tensors lie within the file, side by side."""
    import safetensors.torch

    if int.from_bytes(content[:8], "little") > MAX_HEADER_BYTES:
        raise CheckpointError(f"{path} is torn, or no export of understudy (the header's length is wrong).")
    try:
        return dict(safetensors.torch.load(content))
    except Exception as problem:  # SafetensorError, and whatever torch raises about a type that it does not have
        raise CheckpointError(f"{path} is torn ({first_line(problem)}): export again.") from problem


def _json(path: Path, content: bytes) -> dict[str, Any]:
    try:
        plain = parse_json(content.decode("utf-8"), path.name)
    except (WireError, UnicodeDecodeError) as problem:
        raise CheckpointError(f"{path} cannot be read ({first_line(problem)}): export again.") from problem
    if not isinstance(plain, dict):
        raise CheckpointError(f"{path} cannot be read (it is no JSON object): export again.")
    return plain


def _read(path: Path, most: int) -> bytes:
    """Reads a regular file of at most so many bytes."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise CheckpointError(f"{path} cannot be read (it is no file): give a folder of  understudy export .")
        if found.st_size > most:
            raise CheckpointError(
                f"{path} has {found.st_size / 1e6:.0f} MB, and at most {most / 1e6:.0f} MB are read: give a folder of  "
                "understudy export ."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"There is no {path}: give a folder of  understudy export  with all its files.") from None
    except (OSError, ValueError) as problem:  # ValueError: a path with a zero byte in it
        raise CheckpointError(
            f"{path} cannot be read ({getattr(problem, 'strerror', None) or problem}): check the path and its "
            "permissions."
        ) from problem


def _no_export(folder: Path, reason: str) -> CheckpointError:
    return CheckpointError(f"{folder} is no export of understudy ({reason}): export again.")
