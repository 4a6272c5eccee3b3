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
from understudy.feedback.correction_log import CorrectionLog, new_path, replace_line
from understudy.feedback.correction_reader import read_corrections
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


def test_lines_appended_after_an_edit_are_in_the_edited_file(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    log = CorrectionLog(path)
    for number in range(5):
        log.append(replace(ONE, time_s=float(number)))
    replace_line(path, 2, replace(ONE, time_s=1.0, reason="edited"))
    for number in range(5, 15):
        log.append(replace(ONE, time_s=float(number)))
    log.close()
    entries = read_corrections(tmp_path).entries
    assert [entry.correction.time_s for entry in entries] == [float(number) for number in range(15)]
    assert entries[1].correction.reason == "edited"


def test_a_file_that_is_taken_away_while_a_session_writes_is_begun_again(tmp_path: Path) -> None:
    log = CorrectionLog(tmp_path / "corrections_1.jsonl")
    log.append(ONE)
    log.path.unlink()
    log.append(ONE)
    assert len(read_corrections(tmp_path).entries) == 1


COUNTED_WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.feedback.test_correction_log import ONE
from understudy.feedback.correction_log import CorrectionLog
log = CorrectionLog(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    log.append(replace(ONE, time_s=float(number)))
"""


def test_editing_while_two_sessions_append_loses_no_line(tmp_path: Path) -> None:
    path, count = tmp_path / "corrections_1.jsonl", 150
    write(path, 1)
    replace_line(path, 1, replace(ONE, reason="edited"))
    arguments = [sys.executable, "-c", COUNTED_WRITER, str(path), str(count)]
    writers = [subprocess.Popen(arguments) for _ in range(2)]
    num_edits = 0
    while any(writer.poll() is None for writer in writers):
        replace_line(path, 1, replace(ONE, reason=f"edited {num_edits}"))
        num_edits += 1
    assert [writer.returncode for writer in writers] == [0, 0]
    read = read_corrections(path)
    assert num_edits > 10 and read.problems == ()
    assert read.entries[0].correction.reason == f"edited {num_edits - 1}"
    appended = sorted(entry.correction.time_s for entry in read.entries[1:])
    assert appended == sorted(2 * [float(number) for number in range(count)])


def test_a_line_that_somebody_else_changed_meanwhile_is_not_edited(tmp_path: Path) -> None:
    path = tmp_path / "corrections_1.jsonl"
    write(path, 3)
    second = read_corrections(path).entries[1]
    replace_line(path, 1, None)  # what was line 2 is line 1 now
    before = path.read_bytes()
    for changed in (replace(ONE, reason="edited"), None):
        with pytest.raises(FlagError, match="changed meanwhile"):
            replace_line(path, second.line, changed, second.correction)
    with pytest.raises(FlagError, match="changed meanwhile"):
        replace_line(path, 99, None, second.correction)
    assert path.read_bytes() == before


def test_two_sessions_that_begin_in_one_second_have_a_file_and_pictures_each(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 22, 19, 30, 45)
    logs = [CorrectionLog.create(tmp_path / "new", moment) for _ in range(3)]
    assert not (tmp_path / "new").exists(), "no file is made before there is something to write"
    for number, log in enumerate(logs):
        log.append(replace(ONE, time_s=float(number), frame=log.keep_frame(1, b"\xff\xd8 %d" % number)))
        log.append(replace(ONE, time_s=float(number)))
    assert len({log.path for log in logs}) == 3
    entries = read_corrections(tmp_path / "new").entries
    assert sorted(entry.correction.time_s for entry in entries) == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    for entry in entries[::2]:
        assert entry.read_frame() == b"\xff\xd8 %d" % entry.correction.time_s


def test_a_picture_never_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        CorrectionLog(tmp_path / "corrections_1.jsonl").keep_frame(1, content)
    kept = sorted((tmp_path / "corrections_1").iterdir())
    assert [path.name for path in kept] == ["000001.jpg", "000002.jpg"]
    assert [path.read_bytes() for path in kept] == [b"first", b"second"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege")
def test_no_link_is_written_through(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "corrections_1.jsonl").symlink_to(target / "file")
    (shared / "corrections_1").symlink_to(target)
    log = CorrectionLog(shared / "corrections_1.jsonl")
    for write_through in (lambda: log.append(ONE), lambda: log.keep_frame(1, b"jpeg")):
        with pytest.raises(OSError):  # noqa: PT011  which one depends on the system
            write_through()
    assert list(target.iterdir()) == []


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
    until = time.perf_counter() + 60
    while not (path.exists() and path.stat().st_size > 20_000) and time.perf_counter() < until:
        time.sleep(0.02)
    writer.kill()
    writer.wait(timeout=30)
    read = read_corrections(path)
    assert len(read.entries) > 20
    assert len(read.problems) <= 1, "at most the last line is torn"
