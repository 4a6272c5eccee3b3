"""Carries out the parts of a job on the machines of a Ray cluster (extra `[cluster]`).

Ray keeps a worker process for each core from part to part and carries a part of a lost machine out again on another.
Nothing is sent but the parts: every machine needs this package and its libraries in the same versions, which each
worker checks, because results must not depend on who computes them.
"""

import hashlib
import logging
import pickle
import platform
import socket
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.contract.errors import FlagError, MissingExtraError, UnderstudyError
from understudy.contract.workers.worker_pool import MOST_ATTEMPTS, PartExecutor, reporting_to

if TYPE_CHECKING:
    import ray

REACH_S = 5.0
"""Time for a connection to the head of the cluster, seconds; Ray itself would try for two minutes."""
HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""Begins a connection to a gRPC server, such as a head (RFC 9113, 3.4)."""
LIBRARIES = ("numpy", "numba", "torch")
"""Libraries whose versions may change the last bits of a result."""


class RayCluster(PartExecutor):
    """An executor on a running Ray cluster, of which this machine is a node. One at a time in a process."""

    def __init__(self, address: str) -> None:
        """Connects.

        Args:
            address: HOST:PORT of the cluster's head, or `auto` for the cluster that runs on this machine.

        Raises:
            FlagError: if there is no cluster.
            MissingExtraError: without Ray.
        """
        try:
            import ray
        except ImportError:
            raise MissingExtraError("ray", "cluster") from None
        _expect_a_head(address)
        logging.getLogger("ray").setLevel(logging.ERROR)  # it tells each connection
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError, SystemExit) as refusal:
            raise FlagError(_no_cluster(address, str(refusal).partition("\n")[0])) from refusal
        self._ray = ray
        self.num_workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(  # so that it outlives other machines
            ray.get_runtime_context().get_node_id(), soft=False
        )
        self._counter = ray.remote(_Counter).options(num_cpus=0, scheduling_strategy=here).remote()
        self._task = ray.remote(_carry_out).options(num_cpus=1, max_retries=MOST_ATTEMPTS - 1)
        self._running: set[ray.ObjectRef[Any]] = set()

    @property
    def units(self) -> int:
        return int(self._ray.get(self._counter.total.remote()))

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Schedules a function that the other machines can import."""
        outcome: Future[Any] = Future()
        part = pickle.dumps((function, arguments, named))  # Ray's own arrays are read-only
        reference = self._task.remote(_versions(), self._counter, part)
        self._running.add(reference)
        reference.future().add_done_callback(partial(self._pass_on, reference, outcome))
        return outcome

    def _pass_on(self, reference: "ray.ObjectRef[Any]", outcome: Future[Any], done: Future[Any]) -> None:
        self._running.discard(reference)
        lost = done.exception()
        if lost is not None:
            outcome.set_exception(UnderstudyError(_in_a_sentence(lost)))
            return
        result, error = pickle.loads(done.result())
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)

    def kill(self) -> None:
        running, self._running = self._running, set()
        for reference in list(running):
            self._ray.cancel(reference, force=True)
        self._ray.shutdown()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leaves the cluster, which goes on; its processes for this command end."""
        self._ray.shutdown()


class _Counter:
    """Sums what parts report; an actor."""

    def __init__(self) -> None:
        self._units = 0

    def add(self, units: int) -> None:
        self._units += units

    def total(self) -> int:
        return self._units


def _carry_out(versions: dict[str, str], counter: Any, part: bytes) -> bytes:
    """Runs a pickled part in a worker; returns (result, exception) pickled: Ray would wrap the exception in its own."""
    try:
        _expect_same(versions)
        function, arguments, named = pickle.loads(part)
        with reporting_to(counter.add.remote):
            return pickle.dumps((function(*arguments, **named), None))
    except Exception as error:
        return pickle.dumps((None, error))


@cache
def _versions() -> dict[str, str]:
    """Returns what results may depend on: Python, the libraries' versions, and a digest of this package's source."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes())
    found = {"Python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    return {**found, "understudy": digest.hexdigest()[:12]}


def _expect_same(versions: dict[str, str]) -> None:
    """Raises UnderstudyError if this machine has other versions than the one that began the command."""
    here = _versions()
    for name, wanted in versions.items():
        if here.get(name) != wanted:
            raise UnderstudyError(
                f"{socket.gethostname()} has {name} {here.get(name)} where this command began with {wanted}: "
                "install the same on every machine, or results would depend on which one computes them."
            )


def _expect_a_head(address: str) -> None:
    """Raises FlagError if the address is none, or if nothing or another kind of program listens there.

    Ray itself would wait for minutes.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535 or "/" in address:
        raise FlagError(f"--cluster {address} was given; expected auto, or HOST:PORT of the head of a Ray cluster.")
    try:
        with socket.create_connection((host, int(port)), timeout=REACH_S) as connection:
            connection.sendall(HTTP2_GREETING)
            answer = connection.recv(1)
    except ConnectionResetError:  # a head with TLS, perhaps
        answer = b""
    except OSError as refusal:
        raise FlagError(_no_cluster(address, str(refusal))) from refusal
    if answer >= b" ":  # text, as of a web server
        raise FlagError(_no_cluster(address, "another program is there; the port of a head is 6379 by default"))


def _no_cluster(address: str, why: str) -> str:
    what = "there is no Ray cluster on this machine" if address == "auto" else f"no Ray cluster answers ({why})"
    return f"--cluster {address} was given, but {what}: begin one with  ray start --head  (docs/manual/cluster.md)."


def _in_a_sentence(lost: BaseException) -> str:
    last = str(lost).strip().splitlines()[-1:] or [type(lost).__name__]
    return f"The cluster could not carry out a part, in {MOST_ATTEMPTS} attempts: {last[0].strip().rstrip('.')}."
