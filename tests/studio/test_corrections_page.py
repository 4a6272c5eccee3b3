"""Judging corrections in the studio: accept, change, reject, take back."""

from pathlib import Path

import pytest

from tests.support.correction_files import said, write_corrections
from tests.support.studio_client import studio_client
from understudy.contract.errors import FlagError
from understudy.contract.intent import Mode
from understudy.feedback.correction_log import CorrectionLog, replace_line
from understudy.feedback.correction_reader import read_corrections
from understudy.studio.correction_queue import CorrectionQueue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three corrections of the rules, an agreement, and a line that cannot be read."""
    return write_corrections(tmp_path / "corrections").parent


def test_each_judgement_changes_its_line_alone_and_can_be_taken_back(folder: Path) -> None:
    before = said(folder)
    with studio_client(folder.parent) as client:
        assert "line 5: not JSON" in client.get("/corrections").text
        keys = [one["key"] for one in client.get("/corrections/list").json()]
        for judgement in (
            {"key": keys[0], "verdict": "accept"},
            {"key": keys[1], "verdict": "reject"},
            {"key": keys[2], "verdict": "change", "mode": "CAUTIOUS"},
        ):
            assert client.post("/corrections/judge", json=judgement).status_code == 200
        assert said(folder) == [
            ("<b>0</b>", "FLEE", "person"),
            ("<b>2</b>", "CAUTIOUS", "person"),
            ("<b>3</b>", "FIGHT", "rules"),
        ]
        for _ in range(3):
            assert client.post("/corrections/undo", json={}).status_code == 200
        assert sorted(said(folder)) == sorted(before)
        assert client.post("/corrections/undo", json={}).status_code == 400


def test_what_was_accepted_keeps_its_target_and_another_mode_does_not(folder: Path) -> None:
    queue = CorrectionQueue(folder)
    first, second = queue.all()[0][:2]
    assert queue.accept(first.key).target == 11
    assert queue.change(second.key, Mode.LOOT).target is None


def test_a_line_that_another_process_has_changed_is_left_alone(folder: Path) -> None:
    queue = CorrectionQueue(folder)
    one = queue.all()[0][0]
    replace_line(one.path, 1, None)
    content = one.path.read_bytes()
    with pytest.raises(FlagError, match="changed meanwhile"):
        queue.accept(one.key)
    assert one.path.read_bytes() == content
    assert len(queue.all()[0]) == 3, "the page shows the file as it is now"


def test_lines_of_a_session_that_goes_on_are_kept(folder: Path) -> None:
    queue = CorrectionQueue(folder)
    keys = [one.key for one in queue.all()[0]]
    log = CorrectionLog(folder / "corrections_1.jsonl")
    log.append(read_corrections(folder).entries[0].correction)
    queue.reject(keys[0])
    queue.accept(keys[2])
    assert [reason for reason, _, _ in said(folder)] == ["<b>1</b>", "<b>2</b>", "<b>3</b>", "<b>0</b>"]
    assert len(queue.all()[0]) == 4


def test_the_picture_is_the_kept_one_or_drawn_and_texts_are_plain(folder: Path) -> None:
    with studio_client(folder.parent) as client:
        (one, *_) = client.get("/corrections/list").json()
        answer = client.get(f"/corrections/picture?key={one['key']}")
        assert answer.headers["content-type"] == "image/jpeg" and answer.content[:2] == b"\xff\xd8"
        assert one["bot"] == "FIGHT" and one["right"] == "FLEE" and one["objects"][0][0] == "mordon"
        assert client.get("/corrections/picture?key=0").status_code == 404
        for wrong in (
            {"key": one["key"], "verdict": "change", "mode": "DANCE"},
            {"key": one["key"], "verdict": "sing"},
        ):
            assert client.post("/corrections/judge", json=wrong).status_code == 400


def test_an_empty_folder_says_how_to_get_some(tmp_path: Path) -> None:
    with studio_client(tmp_path) as client:
        assert "understudy critic collect" in client.get("/corrections").text
        assert client.get("/corrections/list").json() == []
