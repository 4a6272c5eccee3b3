import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from understudy.contract.errors import FlagError
from understudy.contract.intent import Mode
from understudy.feedback.correction import Correction, to_line
from understudy.feedback.correction_log import CorrectionLog, new_path, read_corrections, replace_line
from understudy.feedback.state_snapshot import State

ONE = Correction(state=State(), bot_action=Mode.FIGHT, vlm_correction=Mode.FLEE, reason="low", confidence=0.9)


def write(path: Path, count: int) -> None:
    log = CorrectionLog(path)
    for number in range(count):
        log.append(replace(ONE, time_s=float(number)))
    log.close()


def test_files_are_named_as_the_guide_names_them_and_never_twice(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 22, 19, 30, 45)
    first = new_path(tmp_path, moment)
    assert first.name == "corrections_20261122_193045.jsonl"
    first.touch()
    assert new_path(tmp_path, moment).name == "corrections_20261122_193045_2.jsonl"


def test_what_was_appended_reads_back_in_order(tmp_path: Path) -> None:
    write(tmp_path / "corrections_1.jsonl", 3)
    read = read_corrections(tmp_path)
    assert [entry.correction.time_s for entry in read.entries] == [0.0, 1.0, 2.0]
    assert [entry.line for entry in read.entries] == [1, 2, 3]
    assert read.problems == ()


def test_no_file_is_made_before_there_is_something_to_write(tmp_path: Path) -> None:
    CorrectionLog(tmp_path / "new" / "corrections_1.jsonl").close()
    assert not (tmp_path / "new").exists()


def test_a_torn_line_spoils_no_other_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    write(path, 2)
    whole = path.read_bytes()
    for cut in (1, 2, 40, 120):
        path.write_bytes(whole[:-cut])
        write(path, 1)
        read = read_corrections(path)
        assert [entry.correction.time_s for entry in read.entries] in ([0.0, 0.0], [0.0, 1.0, 0.0])
        assert len(read.problems) == (cut > 1)


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


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FlagError, match="understudy run"):
        read_corrections(tmp_path)


def test_one_line_is_replaced_or_taken_out_and_the_others_stay_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    path.write_bytes(b"\n".join([to_line(ONE).encode(), b"not to be read", to_line(ONE).encode()]) + b"\n")
    replace_line(path, 3, replace(ONE, vlm_correction=Mode.LOOT))
    replace_line(path, 1, None)
    assert path.read_bytes().startswith(b"not to be read\n")
    assert [entry.correction.vlm_correction for entry in read_corrections(path).entries] == [Mode.LOOT]


def test_a_frame_lies_beside_its_file_and_is_found_again(tmp_path: Path) -> None:
    log = CorrectionLog(tmp_path / "corrections_1.jsonl")
    log.append(replace(ONE, frame=log.keep_frame(1, b"jpeg")))
    log.close()
    (entry,) = read_corrections(tmp_path).entries
    assert entry.frame is not None and entry.frame.read_bytes() == b"jpeg"


WRITER = """
import sys
from pathlib import Path
from tests.feedback.test_correction_log import ONE
from understudy.feedback.correction_log import CorrectionLog
log = CorrectionLog(Path(sys.argv[1]))
while True:
    log.append(ONE)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_after_kill_9_every_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > 20_000) and time.monotonic() < until:
        time.sleep(0.02)
    writer.kill()
    writer.wait(timeout=30)
    read = read_corrections(path)
    assert len(read.entries) > 20
    assert len(read.problems) <= 1, "at most the last line is torn"
