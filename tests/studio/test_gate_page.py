"""The studio's gate: candidates beside what plays, promote and roll back, by the same functions as the verbs."""

from pathlib import Path

import pytest

from tests.support.perturbed_candidates import playing, put_up, write_brain
from tests.support.studio_client import studio_client
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.candidates import load_active
from understudy.learning.registry.promotion import PromotionRecord, record_rejection
from understudy.policies.checkpoint import load_checkpoint

NUMBERS = {"num_pairs": 64.0, "score": 9.5, "incumbent_score": 12.0, "gain": -2.5, "gain_low": -4.0, "gain_high": -1.0}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Policies that play, and one candidate that the gate has refused."""
    folder = write_brain(tmp_path / "models")
    path, _ = put_up(folder, "a", 0.01)
    grounds = PromotionRecord(reason="surely worse", numbers=NUMBERS)
    record_rejection(folder, "executor", load_checkpoint(path), grounds)
    return folder


def test_it_shows_both_with_the_interval_and_the_log(models: Path) -> None:
    with studio_client(models.parent) as client:
        page = client.get("/gate").text
        assert playing(models) in page and "candidate_a.pt" in page and "plays now" in page
        assert "−2.5" in page and "−4.0 to −1.0" in page and "surely worse" in page


def test_promote_and_roll_back_are_the_verbs_functions(models: Path) -> None:
    before = playing(models)
    candidate = load_checkpoint(models / "executor" / "staged" / "candidate_a.pt").identity
    with studio_client(models.parent) as client:
        named = {"policy": "executor", "name": "candidate_a.pt", "identity": candidate}
        assert client.post("/gate/promote", json=named | {"identity": "0" * 16}).status_code == 400
        assert client.post("/gate/promote", json=named | {"name": "../best_model.pt"}).status_code == 400
        assert playing(models) == before
        assert client.post("/gate/promote", json=named).status_code == 200
        assert playing(models) == candidate
        assert client.post("/gate/promote", json=named).status_code == 400, "it plays already"
        assert client.post("/gate/rollback", json={"policy": "executor", "to": "../x"}).status_code == 400
        assert client.post("/gate/rollback", json={"policy": "executor", "to": before}).status_code == 200
        assert load_active(models, "executor").identity == before
    actions = [line["action"] for line in read_audit_log(models / "executor")]
    assert actions == ["refuse", "promote", "rollback"]


def test_the_last_promotion_can_be_undone_without_naming_it(models: Path) -> None:
    before = playing(models)
    candidate = load_checkpoint(models / "executor" / "staged" / "candidate_a.pt").identity
    with studio_client(models.parent) as client:
        assert client.post("/gate/rollback", json={}).status_code == 400, "nothing was promoted"
        client.post("/gate/promote", json={"policy": "executor", "name": "candidate_a.pt", "identity": candidate})
        assert client.post("/gate/rollback", json={}).status_code == 200
    assert playing(models) == before


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    with studio_client(tmp_path) as client:
        assert "Nothing plays in" in client.get("/gate").text
