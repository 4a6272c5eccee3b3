"""What plays can be replaced and put back; every change is kept and written down."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest
import torch

from understudy.contract.errors import CheckpointError
from understudy.learning.promotion import audit, newest_candidate, promote, rollback
from understudy.policies.checkpoint import BEST, Checkpoint, Parent, load_checkpoint, save_checkpoint

sys.path.append(str(Path(__file__).resolve().parents[1] / "runtime"))
from made_up_brain import write_brain


@pytest.fixture
def executor(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models") / "executor"


def stage(executor: Path, name: str, shift: float) -> tuple[Path, str]:
    """A candidate: what plays, with each weight moved a little."""
    best = load_checkpoint(executor / BEST)
    weights = {key: weight + shift for key, weight in best.weights.items()}
    lineage = (*best.meta.lineage, Parent(identity=best.identity, what="base", when="2026-01-01"))
    candidate = Checkpoint(meta=dataclasses.replace(best.meta, lineage=lineage), weights=weights)
    path = executor / "shadow" / f"candidate_{name}.pt"
    save_checkpoint(path, candidate)
    return path, candidate.identity


def playing(executor: Path) -> str:
    return load_checkpoint(executor / BEST).identity


def test_two_promotions_are_taken_back_one_after_the_other(executor: Path) -> None:
    first = playing(executor)
    one, one_identity = stage(executor, "one", 0.1)
    assert promote(executor, one, "better") == one_identity == playing(executor)
    two, two_identity = stage(executor, "two", 0.2)
    assert newest_candidate(executor) == two
    assert promote(executor, two, "better still") == two_identity
    assert rollback(executor) == one_identity == playing(executor)
    assert rollback(executor, "worse after all") == first == playing(executor)
    with pytest.raises(CheckpointError, match="Nothing was promoted"):
        rollback(executor)
    lines = [(line["action"], line["from"], line["to"], line["why"]) for line in audit(executor)]
    assert lines == [
        ("promote", first, one_identity, "better"),
        ("promote", one_identity, two_identity, "better still"),
        ("rollback", two_identity, one_identity, "asked for"),
        ("rollback", one_identity, first, "worse after all"),
    ]
    kept = {load_checkpoint(path).identity for path in (executor / "history").glob("*.pt")}
    assert kept == {first, one_identity, two_identity}


def test_weights_that_cannot_play_are_refused_and_nothing_changes(executor: Path) -> None:
    before = playing(executor)
    sick, _ = stage(executor, "sick", float("nan"))
    with pytest.raises(CheckpointError, match="not numbers"):
        promote(executor, sick, "")
    path, _ = stage(executor, "foreign", 0.1)
    foreign = load_checkpoint(path)
    lineage = (Parent(identity="0" * 16, what="tactician", when="2026-01-01"),)
    save_checkpoint(path, dataclasses.replace(foreign, meta=dataclasses.replace(foreign.meta, lineage=lineage)))
    with pytest.raises(CheckpointError, match="another strategist or tactician"):
        promote(executor, path, "")
    with pytest.raises(CheckpointError, match="plays already"):
        promote(executor, executor / BEST, "")
    path.write_bytes(b"torn")
    with pytest.raises(CheckpointError):
        promote(executor, path, "")
    assert playing(executor) == before
    assert audit(executor) == []


def test_weights_trained_since_are_not_rolled_over(executor: Path) -> None:
    path, _ = stage(executor, "one", 0.1)
    promote(executor, path, "better")
    torch.manual_seed(1)
    write_brain(executor.parent, seed=9)
    with pytest.raises(CheckpointError, match="trained since"):
        rollback(executor)


def test_without_a_candidate_one_sentence_says_where_they_come_from(executor: Path) -> None:
    with pytest.raises(CheckpointError, match="--shadow-train"):
        newest_candidate(executor)


def test_a_line_that_a_crash_tore_off_is_left_out(executor: Path) -> None:
    path, identity = stage(executor, "one", 0.1)
    promote(executor, path, "better")
    with (executor / "history" / "audit.jsonl").open("a") as file:
        file.write(json.dumps({"action": "promote", "from": "x"})[:20])
    assert [line["to"] for line in audit(executor)] == [identity]
    rollback(executor)
