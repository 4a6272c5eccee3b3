"""Carries out the independent parts of a job: in this process, in a pool of local processes, or on a cluster.

All have the shape of `concurrent.futures.Executor`, and `run_parts` works with any such executor. Its results are
those of the parts in their order, whatever carries them out; a part whose process died is done again. A pool is meant
to be kept for a whole command: to start a process that imports torch and numba costs seconds.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from understudy.contract.child_process import CONTEXT, children_without_interrupts
from understudy.contract.errors import UnderstudyError

MOST_ATTEMPTS = 3
"""Times that a part is begun; one whose process dies each time (for want of memory, say) is given up."""
POLL_S = 0.2
"""Interval of progress reports, seconds."""
PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")

_add_units: Callable[[int], object] | None = None
"""Set while a part runs, in the process that runs it."""


def add_progress(units: int) -> None:
    """Counts work done inside of a part, in units of the caller's choice; does nothing outside of one."""
    if _add_units is not None:
        _add_units(units)


@contextlib.contextmanager
def reporting_to(add: Callable[[int], object]) -> Iterator[None]:
    """Has `add_progress` call `add` inside the block."""
    global _add_units
    before, _add_units = _add_units, add
    try:
        yield
    finally:
        _add_units = before


class PartExecutor(Executor):
    """An executor that counts what its parts report through `add_progress`."""

    num_workers = 1
    """Parts that are carried out at the same time."""

    @property
    def units(self) -> int:
        """Returns the units that all parts so far have reported."""
        return 0

    def restart(self) -> None:
        """Replaces workers that have died; what they were doing is lost."""

    def kill(self) -> None:
        """Ends all workers at once."""


class InProcess(PartExecutor):
    """Carries each part out as it is submitted, on the calling thread."""

    def __init__(self) -> None:
        self._units = 0
        self.on_units: Callable[[], None] | None = None

    @property
    def units(self) -> int:
        return self._units

    def _add(self, units: int) -> None:
        self._units += units
        if self.on_units is not None:
            self.on_units()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Runs the function now; its exception is raised here, so that nothing after it is begun."""
        future: Future[Any] = Future()
        with reporting_to(self._add):
            future.set_result(function(*arguments, **named))
        return future


class LocalProcesses(PartExecutor):
    """A pool of processes, which start with the first part and are kept until `shutdown`.

    They end when this process ends, whatever the reason. A Ctrl-C is for this process, which kills them.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers
        self._counter: Any = CONTEXT.Value("q", 0)
        self._pool: ProcessPoolExecutor | None = None

    @property
    def units(self) -> int:
        return int(self._counter.value)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Schedules a picklable function."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.num_workers, mp_context=CONTEXT, initializer=_enter_worker, initargs=(self._counter,)
            )
        with children_without_interrupts():  # the pool starts processes as parts are submitted
            return self._pool.submit(function, *arguments, **named)

    def restart(self) -> None:
        self.kill()

    def kill(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # Python 3.14 has kill_workers() for this
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the processes after their present parts."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def _enter_worker(counter: Any) -> None:
    global _add_units

    def add(units: int) -> None:
        with counter.get_lock():
            counter.value += units

    _add_units = add
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_parts(
    executor: PartExecutor,
    function: Callable[[PartT], ResultT],
    parts: Sequence[PartT],
    progress: Callable[[int], None] | None = None,
) -> list[ResultT]:
    """Carries out all parts; returns their results in order.

    Args:
        executor: carries them out.
        function: of one part; it and the parts have to be picklable for an executor of processes.
        parts: independent of each other.
        progress: called on this thread with the units that the parts have reported through `add_progress`; after a
            worker's death some are counted twice.

    Raises:
        UnderstudyError: if a part's process died MOST_ATTEMPTS times.
        Exception: the first that a part raises; the others are given up, and the workers end.
    """
    before = executor.units

    def report() -> None:
        if progress is not None:
            progress(executor.units - before)

    if isinstance(executor, InProcess):
        executor.on_units = report
    try:
        return _run_parts(executor, function, parts, report)
    except BaseException:
        executor.kill()
        raise
    finally:
        if isinstance(executor, InProcess):
            executor.on_units = None


def _run_parts(
    executor: PartExecutor,
    function: Callable[[PartT], ResultT],
    parts: Sequence[PartT],
    report: Callable[[], None],
) -> list[ResultT]:
    results: dict[int, ResultT] = {}
    for _ in range(MOST_ATTEMPTS):
        try:
            missing = [number for number in range(len(parts)) if number not in results]
            numbers = {executor.submit(function, parts[number]): number for number in missing}
            waiting = set(numbers)
            while waiting:
                done, waiting = wait(waiting, timeout=POLL_S, return_when="FIRST_COMPLETED")
                report()
                for future in done:
                    results[numbers[future]] = future.result()
            return [results[number] for number in range(len(parts))]
        except BrokenProcessPool:  # a worker was killed: what is missing is done again
            executor.restart()
    raise UnderstudyError(
        f"A worker process died {MOST_ATTEMPTS} times before its part was done: is memory short? Use fewer processes."
    )
