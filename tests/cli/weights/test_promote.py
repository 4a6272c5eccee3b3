"""From the command line: a candidate is judged or let through, taken back, and every decision can be read again."""

import dataclasses
from pathlib import Path

import pytest
import torch

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.cli.main import main
from understudy.contract import serialization
from understudy.policies.checkpoint import BASE, Checkpoint, Parent, load_checkpoint, save_checkpoint
from understudy.policies.policy_bundle import build_executor, load_policies
from understudy.policies.style_heads import with_base_style


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_any_policy_is_promoted_by_file_and_any_ancestor_comes_back(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = playing(models, "tactician")
    for number in (1, 2):
        path, identity = put_up(models, str(number), 0.01 * number, "tactician")
        assert main(["promote", str(path), "--models", str(models)]) == 0
        assert playing(models, "tactician") == identity and identity in said(capsys)
    assert main(["rollback", "--to", first[:6], "--models", str(models)]) == 0
    assert playing(models, "tactician") == first
    assert f"The tactician {first} plays again" in said(capsys)


def test_the_other_of_two_manners_plays_when_asked_for_and_the_newer_one_again(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["manner", "--models", str(models)]) == 2
    assert "one manner of play only" in said(capsys)
    only = load_checkpoint(models / "executor" / "best_model.pt", "executor")
    both = with_base_style(build_executor(only))
    with torch.no_grad():
        both.start.bias += 1.0  # the newer manner acts sooner
    meta = dataclasses.replace(
        only.meta,
        config=serialization.to_plain(both.config),
        lineage=(*only.meta.lineage, Parent(identity=only.identity, what=BASE, when="2026-11-22T00:00:00+00:00")),
    )
    staged = models / "executor" / "staged" / "candidate_shadow.pt"
    save_checkpoint(staged, Checkpoint(meta=meta, weights=both.state_dict()))
    assert main(["promote", "--models", str(models)]) == 0

    biases = []
    for told in ("of the base recordings", "learnt in your shadow"):
        assert main(["manner", "--models", str(models)]) == 0
        assert told in said(capsys)
        biases.append(load_policies(models).executor.start.bias)
    assert torch.equal(biases[0] + 1.0, biases[1])


def test_the_newest_candidate_is_the_default_and_none_is_a_mistake(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "--models", str(models)]) == 2
    assert "--shadow-train" in said(capsys)
    put_up(models, "old", 0.1, "strategist")
    _, identity = put_up(models, "new", 0.01)
    assert main(["promote", "--models", str(models)]) == 0
    assert playing(models) == identity
    assert main(["rollback", "--models", str(models)]) == 0


def test_a_candidate_that_cannot_play_is_refused_by_the_gate_in_a_sentence(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = playing(models)
    sick, _ = put_up(models, "sick", float("nan"))
    for command in (["gate"], ["gate", str(sick)], ["promote", str(sick), "--gate"]):
        assert main([*command, "--models", str(models)]) == 0
        assert "Refused:" in (text := said(capsys)) and "not numbers" in text
    assert playing(models) == before


def test_settings_that_make_no_trial_are_a_mistake(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = put_up(models, "one", 0.1)
    for flags, word in (
        (["--error", "0.9"], "error"),
        (["--max-pairs", "65"], "max_pairs"),
        (["--seconds", "0"], "sec"),
    ):
        assert main(["gate", str(path), "--models", str(models), *flags]) == 2
        assert word in said(capsys)


def test_history_lists_what_was_decided_and_what_is_kept(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--models", str(models)]) == 0
    assert "Nothing was decided yet" in said(capsys)
    first = playing(models)
    path, identity = put_up(models, "one", 0.1)
    main(["promote", str(path), "--models", str(models), "--why", "trial"])
    main(["rollback", "--models", str(models)])
    said(capsys)
    assert main(["history", "--models", str(models)]) == 0
    text = said(capsys)
    assert "promote" in text and "rollback" in text and "trial" in text
    assert f"executor: {first} plays; kept: {first}, {identity}" in text
    assert main(["history", "--models", str(models / "nowhere")]) == 2
    assert "train first" in said(capsys)
