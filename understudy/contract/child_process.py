"""Child processes that end with their parent, whatever they compute and however it ends, kill -9 included.

A child that waits on a pipe notices its parent's death only when it reads again; one that is in the middle of native
code does not look for seconds or minutes, and holds the pipes of whoever started its parent. So the kernel ends it:

* Linux: prctl(PR_SET_PDEATHSIG, SIGKILL), set in the child before its work is unpickled and imported, and checked once
  more against the parent's process id, which has changed if the parent died before the call. The kernel takes the
  *thread* that started the child for its parent: that thread has to outlive the child. A spawned child first imports
  the program that its parent was started with: keep what a program imports at its top light, as cli/main.py does.
* Windows: a job object of the parent's, whose processes are ended with the last handle to it.
* elsewhere (macOS): a thread of the child that looks every POLL_S whether it still has the same parent. Native code
  that holds the interpreter's lock keeps that thread waiting.

Children are spawned, not forked: torch and numba hold threads, which do not survive a fork. They inherit no file but
the pipes of their own and stderr, on which they warn; stdin and stdout are the null device.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.reduction import ForkingPickler
from typing import ClassVar

if sys.platform == "win32":
    from ctypes import wintypes
    from functools import cache

POLL_S = 0.2
"""The watching thread looks so often."""
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_IDLE_PRIORITY, _BELOW_NORMAL_PRIORITY = 0x0040, 0x4000  # <winbase.h>


def end_with_parent(parent_pid: int) -> None:
    """Called in a child, on its main thread, as early as can be: from now on it ends when its parent does.

    Returns not at all if the parent has died already.

    Args:
        parent_pid: process id of the parent, from the parent itself.
    """
    if sys.platform != "win32":  # there the parent's job object does it
        if not _kernel_ends_us():
            threading.Thread(target=_watch_parent, args=(parent_pid,), name="parent watch", daemon=True).start()
        if os.getppid() != parent_pid:
            os._exit(1)


def _kernel_ends_us() -> bool:
    """Asks Linux to kill this process when its parent's thread ends; False where that cannot be had."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a libc without it
            return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0)
    return False


def _watch_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(POLL_S)
    os._exit(1)


def lower_priority(niceness: int) -> None:
    """This process gives way to others from now on.

    Args:
        niceness: 0 for not at all, to 19. Windows knows classes in place of numbers: idle from 10 on, below normal
            under that.
    """
    if sys.platform == "win32":
        if niceness > 0:
            kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel.GetCurrentProcess.restype = wintypes.HANDLE
            kernel.SetPriorityClass.argtypes = (wintypes.HANDLE, wintypes.DWORD)
            priority = _IDLE_PRIORITY if niceness >= 10 else _BELOW_NORMAL_PRIORITY
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), priority)
    else:
        os.nice(niceness)


def _let_go_of_standard_files() -> None:
    """Stdin and stdout become the null device: a pipe that leads there ends with the parent, not with this process."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)


class ChildProcess(SpawnProcess):
    """A process of `CONTEXT`."""

    def start(self) -> None:
        """Starts it; the calling thread has to outlive it."""
        super().start()
        if sys.platform == "win32" and self.pid is not None:
            _job().add(self.pid)

    def __getstate__(self) -> tuple[int, bytes]:
        # The second part names modules that take seconds to import: it is unpickled once the child is bound to end.
        return os.getpid(), bytes(ForkingPickler.dumps(self.__dict__))

    def __setstate__(self, state: tuple[int, bytes]) -> None:
        parent_pid, attributes = state
        end_with_parent(parent_pid)
        _let_go_of_standard_files()
        self.__dict__.update(ForkingPickler.loads(attributes))


class ChildContext(SpawnContext):
    """Starts every process as a `ChildProcess`, those of a ProcessPoolExecutor too."""

    Process: ClassVar[type[SpawnProcess]] = ChildProcess


CONTEXT = ChildContext()
"""For `multiprocessing`-like use: CONTEXT.Process, CONTEXT.Pipe, ProcessPoolExecutor(mp_context=CONTEXT)."""


@contextlib.contextmanager
def children_without_interrupts() -> Iterator[None]:
    """Children that this thread starts inside the block never see a Ctrl-C, which a terminal sends to them too.

    They inherit the blocked signal, also for the seconds in which they import their modules and could not ignore it
    themselves yet. On Windows, where signals cannot be blocked, a child has to ignore it as soon as it can.
    """
    if sys.platform == "win32":
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


if sys.platform == "win32":
    _LIMITS, _KILL_ON_CLOSE = 9, 0x2000  # JobObjectExtendedLimitInformation, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    _SET_QUOTA, _TERMINATE = 0x0100, 0x0001  # access rights that AssignProcessToJobObject asks for

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("BasicLimitInformation", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    class _Job:
        """A job object of this process; its handle is inherited by nobody, so Windows closes it with us."""

        def __init__(self) -> None:
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel.CreateJobObjectW.restype = wintypes.HANDLE
            self._kernel.OpenProcess.restype = wintypes.HANDLE
            self._handle = wintypes.HANDLE(self._kernel.CreateJobObjectW(None, None))
            limits = _ExtendedLimits()
            limits.BasicLimitInformation.LimitFlags = _KILL_ON_CLOSE
            self._kernel.SetInformationJobObject(self._handle, _LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))

        def add(self, pid: int) -> None:
            """Puts a child into the job."""
            process = wintypes.HANDLE(self._kernel.OpenProcess(_SET_QUOTA | _TERMINATE, False, pid))
            self._kernel.AssignProcessToJobObject(self._handle, process)
            self._kernel.CloseHandle(process)

    @cache
    def _job() -> _Job:
        return _Job()
