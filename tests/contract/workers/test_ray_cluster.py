"""Parts on a Ray cluster of two nodes on this machine: as in this process, and done again if a node is lost."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.contract.workers.test_worker_pool import die, double, fail
from tests.support.json_results import json_of
from tests.support.ray_nodes import add_node, head_node
from understudy.cli.main import main
from understudy.contract.errors import FlagError, UnderstudyError
from understudy.contract.workers import ray_cluster
from understudy.contract.workers.part_executor import part_executor
from understudy.contract.workers.ray_cluster import RayCluster
from understudy.contract.workers.worker_pool import add_progress, run_parts

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="two nodes on one machine")]

SLEEPERS = """
import sys
from understudy.contract.workers.part_executor import part_executor
from understudy.contract.workers.worker_pool import run_parts
from tests.contract.workers.test_ray_cluster import report_and_sleep
if __name__ == "__main__":
    with part_executor(1, sys.argv[1]) as executor:
        run_parts(executor, report_and_sleep, [sys.argv[2]] * 2)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    pytest.importorskip("ray")
    with head_node() as nodes:
        add_node(nodes)
        yield nodes


@pytest.fixture
def address(cluster: Any) -> str:
    return str(cluster.address)


def report_and_sleep(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def add_one(array: np.ndarray) -> np.ndarray:
    array += 1
    return array


def node_and_wait(folder: Path) -> str:
    """Tells on which node it runs, and waits until it may go on."""
    import ray

    node = str(ray.get_runtime_context().get_node_id())
    (folder / f"{node}-{os.getpid()}").touch()
    while not (folder / "go on").exists():
        time.sleep(0.05)
    add_progress(1)
    return node


def test_results_come_in_order_and_progress_is_their_sum(address: str) -> None:
    told: list[int] = []
    with part_executor(1, address) as executor:
        assert isinstance(executor, RayCluster) and executor.num_workers == 2
        assert run_parts(executor, double, [3, 1, 2], told.append) == [6, 2, 4]
        assert told == sorted(told)
        assert run_parts(executor, double, []) == []
        with pytest.raises(ValueError, match="part 7"):
            run_parts(executor, fail, [7])


def test_large_arrays_can_be_changed_there_and_here(address: str) -> None:
    with part_executor(1, address) as executor:
        (array,) = run_parts(executor, add_one, [np.zeros(1_000_000)])
    array += 1
    assert (array == 2).all()


def test_an_executor_may_be_ended_twice(address: str) -> None:
    executor = RayCluster(address)
    executor.submit(time.sleep, 600)
    executor.kill()
    executor.kill()


def test_an_evaluation_has_the_same_results_as_without(
    address: str, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--models", "--worlds", "128", "--seconds", "5"]
    here, there = json_of(capsys, *words), json_of(capsys, *words, "--cluster", address)
    assert here["comparison"] == there["comparison"]
    assert here["comparison"]["rows"][0]["score"]["value"] != 0


def test_a_part_that_kills_every_worker_is_given_up(address: str) -> None:
    with (
        pytest.raises(UnderstudyError, match="could not carry out a part, in 3 attempts"),
        part_executor(1, address) as executor,
    ):
        run_parts(executor, die, [1])


def test_the_part_of_a_lost_node_is_done_again_on_another(cluster: Any, address: str, tmp_path: Path) -> None:
    from threading import Thread

    import ray

    extra = add_node(cluster)
    with part_executor(1, address) as executor:
        while ray.cluster_resources().get("CPU") != 3:
            time.sleep(0.05)
        done: list[str] = []
        parts = Thread(target=lambda: done.extend(run_parts(executor, node_and_wait, [tmp_path] * 3)))
        parts.start()
        while len(list(tmp_path.iterdir())) < 3:
            time.sleep(0.05)
        (there,) = [path.name for path in tmp_path.iterdir() if path.name.startswith(extra.node_id)]
        cluster.remove_node(extra, allow_graceful=False)
        while Path(f"/proc/{there.rpartition('-')[2]}").exists():  # its worker lives on for a moment
            time.sleep(0.05)
        (tmp_path / "go on").touch()
        parts.join(timeout=120)
        assert len(done) == 3 and extra.node_id not in done


def test_machines_with_other_versions_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "_versions", lambda: {"torch": "1.0"})
    with (
        pytest.raises(UnderstudyError, match=r"has torch .* where this command began with 1\.0"),
        part_executor(1, address) as executor,
    ):
        run_parts(executor, double, [1])


def test_an_interrupt_ends_every_process_in_the_middle_of_its_part(
    address: str, tmp_path: Path, project_root: Path
) -> None:
    program = tmp_path / "sleepers.py"
    program.write_text(SLEEPERS)
    (tmp_path / "pids").mkdir()
    parent = subprocess.Popen([sys.executable, str(program), address, str(tmp_path / "pids")], cwd=project_root,
                              stderr=subprocess.DEVNULL)  # fmt: skip
    while len(list((tmp_path / "pids").iterdir())) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=60.0)
    pids = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    until = time.perf_counter() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.perf_counter() < until
        time.sleep(0.05)


@pytest.mark.parametrize("address", ["nowhere", "localhost", "ray://localhost:1", "localhost:70000", "auto/x:1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(FlagError, match=r"expected auto, or HOST:PORT|no Ray cluster answers"):
        RayCluster(address)


def test_an_address_where_nothing_listens_is_refused_at_once(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["evaluate", "--worlds", "64", "--seconds", "1", "--models", "--cluster", f"127.0.0.1:{port}"]
    assert main(words) == 2
    assert "no Ray cluster answers" in capsys.readouterr().err


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_an_address_where_another_program_listens_is_refused_at_once(
    greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "REACH_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)
                time.sleep(1.0)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(FlagError, match="another program is there" if greeting else "timed out"):
            RayCluster(f"127.0.0.1:{server.getsockname()[1]}")
        thread.join()
