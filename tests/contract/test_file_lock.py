import subprocess
import sys
from pathlib import Path

import pytest

from understudy.contract.file_lock import is_locked, try_lock

HOLDER = """
import sys
from pathlib import Path
from understudy.contract.file_lock import try_lock
file = Path(sys.argv[1]).open("ab")
print(try_lock(file), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"content")
    return tmp_path / "file"


def test_one_holder_at_a_time_and_closing_gives_the_lock_back(path: Path) -> None:
    assert not is_locked(path)
    with path.open("ab") as first, path.open("ab") as second:
        assert try_lock(first)
        assert not try_lock(second)
        assert is_locked(path)
    assert not is_locked(path)


def test_a_lock_keeps_nobody_from_reading_or_appending(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        assert try_lock(file)
        file.write(b" and more")
        assert path.read_bytes() == b"content and more"


def test_a_lock_dies_with_its_process(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    assert is_locked(path)
    holder.kill()
    holder.communicate(timeout=30)
    assert not is_locked(path)


def test_looking_takes_no_lock_and_a_missing_file_is_not_locked(path: Path) -> None:
    assert not is_locked(path)
    with path.open("ab") as file:
        assert try_lock(file)
    assert not is_locked(path.with_name("gone"))
