"""Crashes and full disks between the line and the weights: what plays is whole, and the log tells."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.perturbed_candidates import playing, put_up, write_brain
from understudy.cli.main import main
from understudy.contract.errors import CheckpointError
from understudy.learning.registry import audit_log as audit_module
from understudy.learning.registry import promotion
from understudy.learning.registry.audit_log import append_audit_entry, read_audit_log
from understudy.learning.registry.promotion import PromotionRecord, promote, recover_interrupted_change, rollback


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_brain(tmp_path / "models")


def log_of(models: Path) -> Path:
    return models / "executor" / "history" / "audit.jsonl"


def actions(models: Path) -> list[str]:
    return [line["action"] for line in read_audit_log(models / "executor")]


def test_a_line_that_a_crash_tore_off_costs_no_other_line(models: Path) -> None:
    path, identity = put_up(models, "one", 0.1)
    promote(models, path, PromotionRecord())
    with log_of(models).open("a") as file:
        file.write(json.dumps({"when": "now", "action": "promote", "from": "x"})[:30])
    assert [line["to"] for line in read_audit_log(models / "executor")] == [identity]
    rollback(models)
    assert actions(models) == ["promote", "rollback"], "the torn line was closed off first"


def test_rubbish_in_the_log_is_passed_over(models: Path) -> None:
    append_audit_entry(models / "executor", {"action": "refuse"})
    with log_of(models).open("ab") as file:
        file.write(b"\xff\xfe\n[1, 2]\n{}\nnull\n")
    append_audit_entry(models / "executor", {"action": "refuse"})
    assert actions(models) == ["refuse", "refuse"]


@pytest.mark.parametrize(
    "odd",
    [
        b'{"when": "2026-01-01", "action": "promote"}',
        b'{"when": "2026-01-01", "action": "promote", "from": "a"}',
        b'{"when": "2026-01-01", "action": "rollback", "from": 7, "to": ["a"]}',
        b'{"when": "2026-01-01", "action": "abandon", "from": null, "to": null}',
        b'{"when": {}, "action": "refuse"}',
        b'{"when": "2026-01-01", "action": ["promote"]}',
        b'{"when": "2026-01-01", "action": "refuse", "why": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"when": "2026-01-01", "action": "refuse", "why": "' + b"x" * 2_000_000 + b'"}',
    ],
    ids=["none", "no to", "types", "null", "when", "action", "digits", "deep", "long"],
)
def test_a_line_that_is_no_decision_is_passed_over(
    models: Path, odd: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    before = playing(models)
    path, identity = put_up(models, "one", 0.1)
    promote(models, path, PromotionRecord())
    with log_of(models).open("ab") as file:
        file.write(odd + b"\n")
    assert [line["to"] for line in read_audit_log(models / "executor")] == [identity]
    assert main(["history", "--models", str(models)]) == 0
    assert main(["rollback", "--models", str(models)]) == 0
    assert playing(models) == before and "Traceback" not in capsys.readouterr().err


def test_what_a_line_says_cannot_speak_to_the_terminal(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {
        "when": "now\x1b[2J",
        "action": "refuse\x9b",
        "policy": ["\x07"],
        "to": 7,
        "why": "a\n2026  forged",
        "reason": "\x1b",
    }
    append_audit_entry(models / "executor", line)
    (models / "executor" / "history" / "0001_\x1b[2J.pt").touch()
    assert main(["history", "--models", str(models)]) == 0
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable() and r"now\x1b[2J" in out
    assert r"(a\n2026  forged)" in out, "one decision stays one line"


def test_a_log_that_leads_elsewhere_is_not_written_through(models: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    log_of(models).parent.mkdir()
    log_of(models).symlink_to(victim)
    with pytest.raises(CheckpointError, match="nothing was changed"):
        append_audit_entry(models / "executor", {"action": "refuse"})
    assert victim.read_text() == "precious"


def test_lines_of_several_processes_stay_whole(models: Path) -> None:
    writers = [
        threading.Thread(
            target=lambda: [append_audit_entry(models / "executor", {"action": "refuse"}) for _ in range(25)]
        )
        for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert actions(models) == ["refuse"] * 100 and log_of(models).read_bytes().count(b"\n") == 100


def test_killed_between_line_and_weights_the_old_weights_play_and_the_log_says_so(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = playing(models)
    path, identity = put_up(models, "one", 0.1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(promotion, "save_checkpoint", lambda path, _: killed() if path.name == "best_model.pt" else None)
        with pytest.raises(KeyboardInterrupt):
            promote(models, path, PromotionRecord())
    assert playing(models) == before
    assert actions(models) == ["promote"], "announced, and not carried out"
    recover_interrupted_change(models, "executor")
    recover_interrupted_change(models, "executor")
    assert actions(models) == ["promote", "abandon"]
    with pytest.raises(CheckpointError, match="Nothing was promoted"):
        rollback(models)
    promote(models, path, PromotionRecord())
    assert rollback(models) == ("executor", before)
    assert actions(models) == ["promote", "abandon", "promote", "rollback"]
    assert identity != before


def test_on_a_full_disk_the_weights_stay_and_the_announcement_is_taken_back(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = playing(models)
    path, _ = put_up(models, "one", 0.1)

    def full(path: Path, _: object) -> None:
        if path.name == "best_model.pt":
            raise CheckpointError("The checkpoint could not be written (No space left on device)")

    monkeypatch.setattr(promotion, "save_checkpoint", full)
    with pytest.raises(CheckpointError, match="No space"):
        promote(models, path, PromotionRecord())
    assert playing(models) == before
    assert actions(models) == ["promote", "abandon"]


def test_a_log_that_cannot_be_written_changes_nothing(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = playing(models)
    path, _ = put_up(models, "one", 0.1)
    log_of(models).mkdir(parents=True)
    with pytest.raises(CheckpointError, match="cannot be read"):
        promote(models, path, PromotionRecord())
    monkeypatch.setattr(promotion, "_settle", lambda *_: None)
    with pytest.raises(CheckpointError, match="nothing was changed"):
        promote(models, path, PromotionRecord())
    assert playing(models) == before


def test_half_a_line_on_a_full_disk_is_cut_off_again(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_audit_entry(models / "executor", {"action": "refuse"})
    size = log_of(models).stat().st_size

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(audit_module.os, "fsync", full)
        with pytest.raises(CheckpointError, match="No space left"):
            append_audit_entry(models / "executor", {"action": "refuse"})
    assert log_of(models).stat().st_size == size
    assert os.fsync is audit_module.os.fsync


def test_where_no_file_can_grow_nothing_is_announced_and_nothing_changes(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel itself refuses to write more than 2 kB, as a full disk does."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # it would be cut short as well
    before = playing(models)
    path, _ = put_up(models, "one", 0.1)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, usual[1]))
    try:
        with pytest.raises(CheckpointError, match="could not be written"):
            promote(models, path, PromotionRecord())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert playing(models) == before and actions(models) == []
    assert not list(models.rglob("*.tmp"))
    promote(models, path, PromotionRecord())


RESTLESS = """
import sys
from pathlib import Path
from understudy.learning.registry.promotion import PromotionRecord, promote, rollback
models = Path(sys.argv[1])
print("begun", flush=True)
while True:
    promote(models, models / "executor" / "staged" / "candidate_one.pt", PromotionRecord(why="again"))
    rollback(models, why="and back")
"""


@pytest.mark.slow
def test_killed_at_any_moment_what_plays_is_whole_and_the_log_knows_it(models: Path) -> None:
    before = playing(models)
    _, identity = put_up(models, "one", 0.1)
    for moment_s in (0.0, 0.13):
        decided = len(actions(models))
        process = subprocess.Popen([sys.executable, "-c", RESTLESS, str(models)], stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline()
        give_up_s = time.perf_counter() + 60.0
        while len(actions(models)) == decided and time.perf_counter() < give_up_s:
            time.sleep(0.001)
        time.sleep(moment_s)
        process.kill()
        process.wait()
        process.stdout.close()
        assert playing(models) in (before, identity)
        recover_interrupted_change(models, "executor")
        last = [line for line in read_audit_log(models / "executor") if line["action"] != "abandon"][-1]
        abandoned = read_audit_log(models / "executor")[-1]["action"] == "abandon"
        assert playing(models) == (last["from"] if abandoned else last["to"])
        if playing(models) == identity:
            rollback(models, to=before)
    assert len(actions(models)) >= 2
