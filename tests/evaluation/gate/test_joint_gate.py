from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.small_policies import write_brain
from understudy.contract.errors import CheckpointError
from understudy.evaluation.gate import joint_gate
from understudy.evaluation.gate.gate_verdict import GateVerdict
from understudy.evaluation.gate.simulator_gate import GateConfig
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.candidates import load_active
from understudy.policies.checkpoint import BASE, BEST, Checkpoint, Parent, load_checkpoint, save_checkpoint


def candidates(models: Path, folder: Path) -> dict[str, Path]:
    """A Strategist and an Executor that were learnt on from those that play."""
    old = {name: load_checkpoint(models / name / BEST) for name in ("strategist", "executor")}
    strategist = changed(old["strategist"], Parent(identity=old["strategist"].identity, what=BASE, when="now"))
    lineage = [parent for parent in old["executor"].meta.lineage if parent.what != "strategist"]
    executor = changed(
        replace(old["executor"], meta=replace(old["executor"].meta, lineage=tuple(lineage))),
        Parent(identity=strategist.identity, what="strategist", when="now"),
        Parent(identity=old["executor"].identity, what=BASE, when="now"),
    )
    paths = {"strategist": folder / BEST, "executor": folder / "executor" / BEST}
    save_checkpoint(paths["strategist"], strategist)
    save_checkpoint(paths["executor"], executor)
    return paths


def changed(checkpoint: Checkpoint, *parents: Parent) -> Checkpoint:
    weights = {name: value + 0.01 for name, value in checkpoint.weights.items()}
    meta = replace(checkpoint.meta, lineage=(*checkpoint.meta.lineage, *parents))
    return Checkpoint(meta=meta, weights=weights)


def ruled(promote: bool, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The trial itself is tested elsewhere (test_gate): here it rules as it is told, and notes who was compared."""
    compared: list[object] = []

    def compare(candidate: object, incumbent: object, *rest: object) -> GateVerdict:
        compared.extend([candidate, incumbent])
        return GateVerdict(promote=promote, reason="so it was ruled")

    monkeypatch.setattr(joint_gate, "evaluate_candidate", compare)
    return compared


def test_both_play_after_a_verdict_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = write_brain(tmp_path / "models")
    paths = candidates(models, tmp_path / "new")
    compared = ruled(True, monkeypatch)
    verdict = joint_gate.submit_together(models, paths, why="corrections")
    assert verdict.promote
    for policy, path in paths.items():
        assert load_active(models, policy).identity == load_checkpoint(path).identity
        assert [line["action"] for line in read_audit_log(models / policy)] == ["promote"]
    new, old = compared
    for part in ("strategist", "executor"):
        weights = [next(getattr(pilot.policies, part).parameters()) for pilot in (new, old)]  # type: ignore[attr-defined]
        assert torch.allclose(weights[0], weights[1] + 0.01)


def test_neither_plays_after_a_verdict_against_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = write_brain(tmp_path / "models")
    before = {policy: load_active(models, policy).identity for policy in ("strategist", "executor")}
    ruled(False, monkeypatch)
    assert not joint_gate.submit_together(models, candidates(models, tmp_path / "new")).promote
    for policy, identity in before.items():
        assert load_active(models, policy).identity == identity
        assert [line["action"] for line in read_audit_log(models / policy)] == ["refuse"]


def test_if_one_cannot_be_promoted_the_other_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = write_brain(tmp_path / "models")
    paths = candidates(models, tmp_path / "new")
    executor = load_checkpoint(paths["executor"])
    stranger = replace(executor.meta, lineage=(Parent(identity="0" * 16, what="strategist", when="now"),))
    save_checkpoint(paths["executor"], Checkpoint(meta=stranger, weights=executor.weights))
    before = load_active(models, "strategist").identity
    ruled(True, monkeypatch)
    verdict = joint_gate.submit_together(models, paths)
    assert not verdict.promote and "strategist" in verdict.reason
    assert load_active(models, "strategist").identity == before
    assert [line["action"] for line in read_audit_log(models / "strategist")] == ["promote", "rollback", "refuse"]


def test_what_cannot_be_read_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    (tmp_path / "torn.pt").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(CheckpointError):
        joint_gate.submit_together(models, {"strategist": tmp_path / "torn.pt"}, GateConfig(max_pairs=64))
