"""Mutations of an audit log: a line changed, left out, doubled or moved, beside the weights that it speaks of."""

import contextlib
import dataclasses
import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fuzz_changes import Mutant, Opened, WrongAcceptance, expect_plain_text
from fuzz_json import mutate_bytes, mutate_line

from understudy.cli.weights import history
from understudy.contract.serialization import to_plain
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.promotion import (
    PromotionRecord,
    active_promotions,
    ancestors,
    promote,
    record_rejection,
    rollback,
)
from understudy.policies.checkpoint import BASE, Checkpoint, CheckpointMeta, Parent, save_checkpoint
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.policy_bundle import hand_to_plain
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig


def good_audits(folder: Path) -> list[bytes]:
    """The log of an executor that was promoted twice, refused once and rolled back once; leaves the weights there."""
    models = folder / "models"
    _write_executor(models, 0.0, "executor/best_model.pt")
    for number, shift in enumerate((0.1, 0.2), 1):
        candidate = _write_executor(models, shift, f"executor/staged/candidate_{number}.pt")
        promote(models, candidate, PromotionRecord(why="better", reason="18.9 against 17", numbers={"gain": 1.9}))
    record_rejection(models, "executor", None, PromotionRecord(why="torn"))
    rollback(models)
    return [(models / "executor" / "history" / "audit.jsonl").read_bytes()]


def _write_executor(models: Path, shift: float, name: str) -> Path:
    """A small executor with made-up weights, of one family."""

    torch.manual_seed(0)
    hand: Any = np.zeros(1, MOTOR_MODEL)[0]
    hand["duration"], hand["dwell"], hand["press"], hand["key_press"] = 4.0, 1.0, 2.0, 2.0
    hand["profile"] = np.linspace(0.0, 1.0, len(hand["profile"]))
    parents: list[Parent] = []
    made = (
        ("strategist", Strategist(StrategistConfig(width=16, layers=1, heads=2))),
        ("tactician", Tactician(TacticianConfig(width=16))),
        ("executor", Executor(ExecutorConfig(width=16, heads=2, components=2))),
    )
    path = models / name
    for policy, model in made:
        is_executor = policy == "executor"
        base = Checkpoint(
            meta=CheckpointMeta(
                policy=policy,
                encoding=ENCODING,
                config=to_plain(model.config),
                hand=hand_to_plain(hand) if is_executor else {},
                lineage=tuple(parents) if is_executor else (),
            ),
            weights=model.state_dict(),
        )
        if not is_executor:
            parents.append(Parent(identity=base.identity, what=policy, when="2026-01-01"))
            if not (models / policy / "best_model.pt").exists():
                save_checkpoint(models / policy / "best_model.pt", base)
            continue
        lineage = (
            *base.meta.lineage,
            *((Parent(identity=base.identity, what=BASE, when="2026-01-01"),) if shift else ()),
        )
        weights = {key: weight + shift for key, weight in base.weights.items()}
        save_checkpoint(path, Checkpoint(meta=dataclasses.replace(base.meta, lineage=lineage), weights=weights))
    return path


def mutate_audit(good: bytes, chooser: random.Random, trace: Path) -> Mutant:
    """One line mutated, left out, doubled or moved; now and then the bytes of the whole log."""
    if chooser.random() < 0.1:
        return Mutant(mutate_bytes(good, chooser), True, "bytes")
    lines = good.rstrip(b"\n").split(b"\n")
    at = chooser.randrange(len(lines))
    match chooser.randrange(6):
        case 0:
            lines.insert(chooser.randrange(len(lines)), lines.pop(at))
        case 1:
            lines[at:at] = [lines[chooser.randrange(len(lines))]]
        case 2:
            del lines[at]
        case _:
            lines[at] = mutate_line(lines[at], chooser)
    return Mutant(b"\n".join(lines) + chooser.choice((b"\n", b"")), True, "line")


def open_audit(path: Path) -> Opened:
    """Puts a log in the place of the one that `good_audits` left, and lists, settles and rolls back with it.

    Returns:
        Nothing, or as content what no reader may do: a good line hidden, an odd one believed.
    """
    models = path.parent / "models"
    best, log = models / "executor" / "best_model.pt", models / "executor" / "history" / "audit.jsonl"
    before = best.read_bytes()
    log.write_bytes(path.read_bytes())
    try:
        _use_audit(models, log)
    except WrongAcceptance as wrong:
        return Opened(str(wrong).encode(), ())
    finally:
        best.write_bytes(before)
    return Opened(b"", ())


def _use_audit(models: Path, log: Path) -> None:
    content = log.read_bytes()
    read = read_audit_log(models / "executor")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        history.run(history.History(models=models))
    kept = ancestors(models, "executor")
    active_promotions(models, "executor")
    _, identity = rollback(models)
    if identity not in kept:
        raise WrongAcceptance(f"weights play that were not kept: {identity}")
    expect_plain_text(out.getvalue())
    _expect_whole_lines(read, content)


KNOWN_ACTIONS = ("promote", "record_rejection", "rollback", "abandon")


def _expect_whole_lines(read: list[dict[str, Any]], content: bytes) -> None:
    """Every line that is as the product writes it was read, and none that it cannot act on."""
    for raw in content.split(b"\n"):
        with contextlib.suppress(ValueError, RecursionError):
            line = json.loads(raw)
            if _is_decision(line) and line not in read:
                raise WrongAcceptance("a good line is hidden")
    for line in read:
        if line.get("action") in ("promote", "rollback", "abandon") and not _is_decision(line):
            raise WrongAcceptance(f"a {line['action']} that names no weights was believed")


def _is_decision(line: Any) -> bool:
    if not isinstance(line, dict) or line.get("action") not in KNOWN_ACTIONS or not isinstance(line.get("when"), str):
        return False
    ends = [line.get("from"), line.get("to")]
    return all(isinstance(end, str) for end in ends) or (
        line["action"] == "record_rejection" and isinstance(ends[0], str)
    )
