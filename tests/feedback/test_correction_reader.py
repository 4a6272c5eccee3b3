import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.feedback.test_correction_log import ONE, write
from understudy.contract.errors import FlagError
from understudy.feedback.correction import to_line
from understudy.feedback.correction_log import CorrectionLog
from understudy.feedback.correction_reader import MAX_FRAME_BYTES, MOST_PROBLEMS, read_corrections


def test_a_last_line_without_its_end_counts_if_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    path.write_text(to_line(ONE), encoding="ascii")
    assert len(read_corrections(path).entries) == 1


def test_lines_that_cannot_be_read_are_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    content = [to_line(ONE).encode(), b"\xff\xfe\x00", b"", b"x" * 3_000_000, b"[" * 50_000, to_line(ONE).encode()]
    path.write_bytes(b"\n".join(content) + b"\n")
    read = read_corrections(tmp_path)
    assert [entry.line for entry in read.entries] == [1, 6]
    assert [problem.partition(":")[0] for problem in read.problems] == [
        f"corrections_1.jsonl, line {line}" for line in (2, 4, 5)
    ]


def test_a_bad_line_of_any_kind_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    good = to_line(ONE)
    bad = [
        good.replace('"FIGHT"', '["FIGHT"]', 1),
        good.replace('"gauges": {}', '"gauges": {"hp": 1' + "0" * 400 + "}"),
        good.replace('"gauges": {}', '"gauges": ' + "[" * 2000 + "]" * 2000),
        good.replace('"gauges": {}', '"gauges": {"hp": 1e999}'),
    ]
    assert good not in bad
    path.write_text("\n".join([good, *bad, good]) + "\n", encoding="ascii")
    read = read_corrections(tmp_path)
    assert [entry.line for entry in read.entries] == [1, 6]
    assert len(read.problems) == 4 and all(len(problem) < 400 for problem in read.problems)


def test_a_flood_of_bad_lines_is_counted_and_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    path.write_text("x\n" * 5000 + to_line(ONE), encoding="ascii")
    read = read_corrections(tmp_path)
    assert len(read.entries) == 1 and len(read.problems) == MOST_PROBLEMS + 1
    assert read.problems[-1] == f"corrections_1.jsonl: {5000 - MOST_PROBLEMS} more lines cannot be read"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
@pytest.mark.timeout(200)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "corrections_1.jsonl", 1)
    (tmp_path / "folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert len(read_corrections(tmp_path).paths) == 1
    for nowhere in (tmp_path / "pipe.jsonl", tmp_path / ("x" * 300)):
        with pytest.raises(FlagError, match="No corrections lie in"):
            read_corrections(nowhere)


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FlagError, match="understudy run"):
        read_corrections(tmp_path)


def test_a_frame_that_is_a_link_out_of_the_folder_or_no_picture_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"\xff\xd8 private")
    log = CorrectionLog(tmp_path / "shared" / "corrections_1.jsonl")
    pictures = {
        "link.jpg": None,
        "text.jpg": b"a text",
        "large.jpg": b"\xff\xd8" + bytes(MAX_FRAME_BYTES),
        "good.jpg": b"\xff\xd8 good",
    }
    for name, content in pictures.items():
        log.append(replace(ONE, frame=name))
        path = log.path.parent / name
        path.write_bytes(content) if content is not None else path.symlink_to(secret)
    log.append(replace(ONE, frame="missing.jpg"))
    entries = read_corrections(log.path).entries
    assert [entry.read_frame() for entry in entries] == [None, None, None, b"\xff\xd8 good", None]
    assert entries[0].frame is None
