"""Checkpoints of small policies with made-up weights, which act as soon as they are asked to: nothing is trained."""

from pathlib import Path

import numpy as np
import torch

from tests.support.constant_hand import curved_hand
from understudy.contract.serialization import to_plain
from understudy.policies.checkpoint import BEST, Checkpoint, CheckpointMeta, Parent, save_checkpoint, weights_identity
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor, ExecutorConfig, PointerPlaces
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import hand_to_plain
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig

CURVE = [(0.0, 0.0), (0.2, 0.0), (0.6, 0.1), (0.9, 0.05), (1.0, 0.0)]


def write_brain(
    folder: Path,
    seed: int = 0,
    policies: tuple[str, ...] = ("strategist", "tactician", "executor"),
    press_times: int = 0,
    pointer_places: PointerPlaces = "each",
) -> Path:
    """Writes the three checkpoints, or some of them; another seed gives other weights."""
    torch.manual_seed(seed)
    executor = ExecutorConfig(width=16, heads=2, components=2, press_times=press_times, pointer_places=pointer_places)
    made = {
        "strategist": Strategist(StrategistConfig(width=16, layers=1, heads=2)),
        "tactician": Tactician(TacticianConfig(width=16)),
        "executor": Executor(executor),
    }
    with torch.no_grad():
        made["executor"].start.bias.fill_(1.0)
    weights = {name: module.state_dict() for name, module in made.items()}
    parents = tuple(
        Parent(identity=weights_identity(weights[name]), what=name, when="2026-01-01")
        for name in ("strategist", "tactician")
    )
    for name in policies:
        meta = CheckpointMeta(
            policy=name,
            encoding=ENCODING,
            config=to_plain(made[name].config),
            hand=hand_to_plain(curved_hand(CURVE, dwell=1, press=2) if press_times else quick_hand())
            if name == "executor"
            else {},
            lineage=parents if name == "executor" else (),
        )
        save_checkpoint(folder / name / BEST, Checkpoint(meta=meta, weights=weights[name]))
    return folder


def quick_hand() -> np.void:
    """A hand that moves for four ticks, rests for one and presses for two."""
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    hand["duration"], hand["dwell"], hand["press"], hand["key_press"] = 4.0, 1.0, 2.0, 2.0
    hand["profile"] = np.linspace(0.0, 1.0, len(hand["profile"]))
    return hand
