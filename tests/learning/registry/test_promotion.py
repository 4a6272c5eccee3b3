"""What plays can be replaced and put back, each policy; every change is kept and written down."""

import dataclasses
from pathlib import Path

import pytest
import torch

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.contract.errors import CheckpointError
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.candidates import newest_candidate, policy_name, stage
from understudy.learning.registry.promotion import PromotionRecord, ancestors, promote, record_rejection, rollback
from understudy.policies.checkpoint import BEST, Parent, load_checkpoint, save_checkpoint
from understudy.policies.policy_bundle import load_policies
from understudy.runtime.weight_swap import identities

POLICIES = ("strategist", "tactician", "executor")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models")


def changes(models: Path, policy: str = "executor") -> list[tuple[str, str, str, str]]:
    return [(line["action"], line["from"], line["to"], line["why"]) for line in read_audit_log(models / policy)]


def test_two_promotions_are_taken_back_one_after_the_other(models: Path) -> None:
    first = playing(models)
    one, one_identity = put_up(models, "one", 0.1)
    assert promote(models, one, PromotionRecord(why="better")) == one_identity == playing(models)
    two, two_identity = put_up(models, "two", 0.2)
    assert newest_candidate(models) == two
    assert promote(models, two, PromotionRecord(why="better still")) == two_identity
    assert rollback(models) == ("executor", one_identity)
    assert playing(models) == one_identity
    assert rollback(models, why="worse after all") == ("executor", first)
    assert playing(models) == first
    with pytest.raises(CheckpointError, match="Nothing was promoted"):
        rollback(models)
    assert changes(models) == [
        ("promote", first, one_identity, "better"),
        ("promote", one_identity, two_identity, "better still"),
        ("rollback", two_identity, one_identity, "manual"),
        ("rollback", one_identity, first, "worse after all"),
    ]
    assert set(ancestors(models, "executor")) == {first, one_identity, two_identity}


def test_any_ancestor_can_be_returned_to_and_left_again(models: Path) -> None:
    first, identity = playing(models), ""
    for number in range(3):
        path, identity = put_up(models, str(number), 0.1 * (number + 1))
        promote(models, path, PromotionRecord())
    assert rollback(models, to=first[:8]) == ("executor", first)
    assert rollback(models, to=identity) == ("executor", identity), "forward again"
    assert rollback(models) == ("executor", first), "the last change is undone"
    with pytest.raises(CheckpointError, match="no weights ffff"):
        rollback(models, to="ffff")
    with pytest.raises(CheckpointError, match="several weights"):
        rollback(models, to="")
    with pytest.raises(CheckpointError, match=r"no weights two\\nlines in the history"):
        rollback(models, to="two\nlines")


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_can_be_promoted_beside_the_others_and_taken_back(
    models: Path, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = {one: playing(models, one) for one in POLICIES}
    path, identity = put_up(models, "tuned", 0.05, policy)
    assert policy_name(path) == policy
    promote(models, path, PromotionRecord(why="corrections"))
    load_policies(models)
    assert caplog.text == "", "weights learnt on from what the executor knows are no strangers"
    assert identities(models) == {**before, policy: identity}
    assert rollback(models) == (policy, before[policy])


def test_the_last_promotion_of_any_policy_is_the_one_that_is_undone(models: Path) -> None:
    promote(models, put_up(models, "one", 0.1)[0], PromotionRecord())
    path, _ = put_up(models, "two", 0.1, "strategist")
    promote(models, path, PromotionRecord())
    line = models / "executor" / "history" / "audit.jsonl"
    line.write_text(line.read_text().replace('"when": "20', '"when": "19'))
    assert rollback(models)[0] == "strategist"
    assert rollback(models)[0] == "executor"


def test_weights_that_cannot_play_are_refused_and_nothing_changes(models: Path) -> None:
    before = playing(models)
    sick, _ = put_up(models, "sick", float("nan"))
    with pytest.raises(CheckpointError, match="not numbers"):
        promote(models, sick, PromotionRecord())
    with pytest.raises(CheckpointError, match="not numbers"):
        stage(sick, load_checkpoint(sick))
    path, _ = put_up(models, "foreign", 0.1)
    foreign = load_checkpoint(path)
    lineage = (Parent(identity="0" * 16, what="tactician", when="2026-01-01"),)
    save_checkpoint(path, dataclasses.replace(foreign, meta=dataclasses.replace(foreign.meta, lineage=lineage)))
    with pytest.raises(CheckpointError, match="another strategist or tactician"):
        promote(models, path, PromotionRecord())
    save_checkpoint(path, dataclasses.replace(foreign, weights={}))
    with pytest.raises(CheckpointError, match="do not fit"):
        promote(models, path, PromotionRecord())
    with pytest.raises(CheckpointError, match="plays already"):
        promote(models, models / "executor" / BEST, PromotionRecord())
    path.write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        promote(models, path, PromotionRecord())
    assert playing(models) == before
    assert read_audit_log(models / "executor") == []


def test_a_level_that_the_executor_never_heard_of_is_refused(models: Path) -> None:
    path, _ = put_up(models, "stranger", 0.1, "strategist")
    stranger = load_checkpoint(path)
    save_checkpoint(path, dataclasses.replace(stranger, meta=dataclasses.replace(stranger.meta, lineage=())))
    with pytest.raises(CheckpointError, match="not learnt on from the strategist"):
        promote(models, path, PromotionRecord())


def test_what_was_judged_against_other_weights_than_those_that_play_is_not_promoted(models: Path) -> None:
    judged_against = playing(models)
    mine, _ = put_up(models, "mine", 0.1)
    promote(models, put_up(models, "theirs", 0.2)[0], PromotionRecord(why="shadow learning was faster"))
    with pytest.raises(CheckpointError, match="judge again"):
        promote(models, mine, PromotionRecord(), expected_incumbent=judged_against)


def test_a_refusal_is_written_down_with_its_figures(models: Path) -> None:
    path, identity = put_up(models, "one", 0.1)
    grounds = PromotionRecord(
        why="practice", reason="worse", numbers={"gain": -1.0, "gain_low": float("-inf")}, seeds={"first": 7}
    )
    record_rejection(models, "executor", load_checkpoint(path), grounds)
    (line,) = read_audit_log(models / "executor")
    assert (line["action"], line["from"], line["to"]) == ("refuse", playing(models), identity)
    assert line["numbers"] == {"gain": -1.0} and line["seeds"] == {"first": 7}
    assert f"base {playing(models)}" in line["parents"]
    with pytest.raises(CheckpointError, match="Nothing was promoted"):
        rollback(models)


def test_weights_trained_since_are_not_rolled_over_unasked(models: Path) -> None:
    first = playing(models)
    path, _ = put_up(models, "one", 0.1)
    promote(models, path, PromotionRecord())
    torch.manual_seed(1)
    write_brain(models, seed=9)
    with pytest.raises(CheckpointError, match=f"trained since.*--to {first}"):
        rollback(models)


def test_without_a_candidate_one_sentence_says_where_they_come_from(models: Path) -> None:
    with pytest.raises(CheckpointError, match="--shadow-train"):
        newest_candidate(models)
