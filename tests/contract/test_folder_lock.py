import subprocess
import sys
import threading
from pathlib import Path

import pytest

from understudy.contract.folder_lock import LOCK_NAME, folder_lock

HOLDER = """
import sys, time
from pathlib import Path
from understudy.contract.folder_lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_two_blocks_of_one_folder_never_overlap(tmp_path: Path) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def enter() -> None:
        nonlocal inside, most
        for _ in range(50):
            with folder_lock(tmp_path):
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_holder_in_another_process_is_waited_for_and_its_death_frees_the_folder(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TimeoutError, match="another process is writing there"), folder_lock(tmp_path, 0.1):
            pass
        holder.kill()
        holder.wait(timeout=30)
    with folder_lock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [LOCK_NAME]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege")
def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), folder_lock(tmp_path):  # noqa: PT011  which one depends on the system
        pass
    assert not (tmp_path / "elsewhere").exists()
