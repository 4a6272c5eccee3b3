"""The studio's first page."""

from pathlib import Path

from tests.support.perturbed_candidates import playing, put_up, write_brain
from tests.support.studio_client import studio_client, taught_session
from understudy.learning.registry.policy_lock import training_lock
from understudy.learning.registry.promotion import PromotionRecord, promote


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with studio_client(tmp_path) as client:
        page = client.get("/").text
        assert "Nothing was measured yet" in page and "nothing yet" in page and "Nothing was decided yet" in page
        assert "Nothing runs" in client.get("/home/now").text


def test_it_says_who_plays_what_was_decided_and_what_waits(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    path, _ = put_up(models, "a", 0.01)
    promote(models, path, PromotionRecord(why="<i>practice</i>", reason="better: 3 points"))
    put_up(models, "b", 0.02)
    with studio_client(tmp_path) as client:
        page = client.get("/").text
        assert playing(models)[:8] in page and "2 waiting" in page
        assert "promoted" in page and "better: 3 points" in page
        assert "&lt;i&gt;practice" in page and "<i>practice" not in page


def test_a_torn_checkpoint_is_said(tmp_path: Path) -> None:
    models = write_brain(tmp_path / "models")
    (models / "executor" / "best_model.pt").write_bytes(b"torn")
    with studio_client(tmp_path) as client:
        assert "best_model.pt" in client.get("/").text


def test_it_says_what_runs_and_what_disk_is_used(tmp_path: Path) -> None:
    taught_session(tmp_path / "recordings" / "one.mcap")
    run = tmp_path / "logs" / "training" / "executor_2026"
    run.mkdir(parents=True)
    (run / "numbers.jsonl").write_text('{"step": 7, "train_loss": 0.5}\n{"step": 8, "tr', encoding="utf-8")
    with studio_client(tmp_path) as client, training_lock(tmp_path / "models" / "executor"):
        now = client.get("/home/now").text
        assert "training/executor_2026" in now and "step 7, train_loss 0.5" in now
        assert "training into" in now
        assert "recordings" in client.get("/home/disk").text
