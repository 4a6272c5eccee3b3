"""Writes policies into a folder that other programs can read; exchange_format.py has its layout.

config.json is written last and holds a digest of each file, so that a folder whose writing was cut short is recognised.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.safe_files import replace_bytes
from understudy.contract.serialization import to_json, to_plain
from understudy.policies.checkpoint import Checkpoint, library_versions
from understudy.policies.encoder import ENCODING
from understudy.policies.exchange.exchange_format import (
    CARD,
    CONFIG,
    EVERY_TICKS,
    FORMAT,
    HAND,
    NETWORK,
    WEIGHTS,
    ExchangeConfig,
    NetworkSpec,
    TensorSpec,
)
from understudy.policies.inference_backend import ExportedNetwork, export_networks
from understudy.policies.policy_bundle import build_policies


@dataclass(frozen=True)
class ExportedPolicies:
    """The files of an exported folder but the model card."""

    config: ExchangeConfig
    files: dict[str, bytes]
    """Name -> content."""


def export_policies(levels: Mapping[str, Checkpoint]) -> ExportedPolicies:
    """Converts checkpoints to the files of an exported folder. Metrics without a finite value are left out.

    Args:
        levels: policy -> its checkpoint (`policy_bundle.load_levels`).

    Raises:
        CheckpointError: if they are not usable.
        ImportError: without onnx.
    """
    import safetensors.torch

    policies = build_policies(levels)
    exported = export_networks(policies)
    files = {HAND: f"{to_json(levels['executor'].meta.hand)}\n".encode()}
    for policy, level in levels.items():
        note = {"policy": policy, "identity": level.identity, "encoding": level.meta.encoding, "format": "pt"}
        files[WEIGHTS.format(policy=policy)] = safetensors.torch.save(_separate(level.weights), note)
        files[NETWORK.format(policy=policy)] = exported[policy].onnx
    config = ExchangeConfig(
        format=FORMAT,
        encoding=ENCODING,
        tick_rate_hz=TICK_RATE_HZ,
        sampling=policies.sampling,
        networks={policy: _spec(policy, level, exported[policy]) for policy, level in levels.items()},
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    )
    return ExportedPolicies(config, files)


def write_folder(folder: Path, exported: ExportedPolicies, card: str) -> None:
    """Writes the files, each atomically, and config.json last.

    Args:
        folder: created if it is missing; files of an earlier export are replaced, others stay.
        exported: of `export_policies`.
        card: the model card, Markdown.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).unlink(missing_ok=True)
    for name, content in exported.files.items():
        replace_bytes(folder / name, content)
    replace_bytes(folder / CARD, card.encode())
    replace_bytes(folder / CONFIG, f"{json.dumps(to_plain(exported.config), indent=1)}\n".encode())


def _spec(policy: str, level: Checkpoint, network: ExportedNetwork) -> NetworkSpec:
    return NetworkSpec(
        meta=replace(
            level.meta,
            hand={},
            versions=level.meta.versions or library_versions(),
            metrics={name: value for name, value in level.meta.metrics.items() if math.isfinite(value)},
        ),
        identity=level.identity,
        every_ticks=EVERY_TICKS[policy],
        inputs=_tensors(network.inputs),
        outputs=_tensors(network.outputs),
    )


def _tensors(tensors: Mapping[str, Tensor]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name=name, shape=tuple(tensor.shape), dtype=tensor.numpy().dtype.name)
        for name, tensor in tensors.items()
    )


def _separate(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns tensors that share no memory, as safetensors requires."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in weights.items()}
