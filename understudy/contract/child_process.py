"""Child processes that end with their parent, whatever they compute and however it ends, kill -9 included.

A child that waits on a pipe notices its parent's death only at its next read; one in native code may take minutes, and
holds the pipes of its parent's parent. So the kernel ends it:

* Linux: prctl(PR_SET_PDEATHSIG, SIGKILL), set in the child before its work is unpickled and imported; the child then
  compares its parent's process id, which has changed if the parent died before the call. The kernel's parent is the
  *thread* that started the child, so that thread has to outlive the child. A spawned child first imports its parent's
  main module, so keep a program's top-level imports light, as cli/main.py does.
* Windows: a job object of the parent, whose processes end when its last handle is closed.
* elsewhere (macOS): a thread of the child that checks every POLL_S whether it still has the same parent. Native code
  that holds the GIL delays that thread.

Children are spawned, not forked: the threads of torch and numba do not survive a fork. They inherit only their own
pipes and stderr, for warnings; stdin and stdout are the null device.
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
"""Polling interval of the thread that checks the parent, seconds."""
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_IDLE_PRIORITY, _BELOW_NORMAL_PRIORITY = 0x0040, 0x4000  # <winbase.h>


def end_with_parent(parent_pid: int) -> None:
    """Makes this child process end when its parent ends; call it on the main thread as early as possible.

    Does not return if the parent has already died.

    Args:
        parent_pid: process id of the parent, as passed by the parent.
    """
    if sys.platform != "win32":  # there the parent's job object does it
        if not _kernel_ends_us():
            threading.Thread(target=_watch_parent, args=(parent_pid,), name="parent watch", daemon=True).start()
        if os.getppid() != parent_pid:
            os._exit(1)


def _kernel_ends_us() -> bool:
    """Has Linux kill this process when its parent's thread ends; returns False where that is not supported."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a libc without it
            return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0)
    return False


def _watch_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(POLL_S)
    os._exit(1)


def lower_priority(niceness: int) -> None:
    """Lowers the scheduling priority of this process.

    Args:
        niceness: 0 (unchanged) to 19. Windows has classes instead: idle from 10 on, below normal under that.
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
    """Redirects stdin and stdout to the null device, so that a pipe connected to them closes with the parent."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)


class ChildProcess(SpawnProcess):
    """A process started by `CONTEXT`."""

    def start(self) -> None:
        """Starts the process; the calling thread has to outlive it."""
        super().start()
        if sys.platform == "win32" and self.pid is not None:
            _job().add(self.pid)

    def __getstate__(self) -> tuple[int, bytes]:
        # The second part imports modules that take seconds: it is unpickled after `end_with_parent`.
        return os.getpid(), bytes(ForkingPickler.dumps(self.__dict__))

    def __setstate__(self, state: tuple[int, bytes]) -> None:
        parent_pid, attributes = state
        end_with_parent(parent_pid)
        _let_go_of_standard_files()
        self.__dict__.update(ForkingPickler.loads(attributes))


class ChildContext(SpawnContext):
    """multiprocessing context that starts every process as a `ChildProcess`, also for a ProcessPoolExecutor."""

    Process: ClassVar[type[SpawnProcess]] = ChildProcess


CONTEXT = ChildContext()
"""Use it like `multiprocessing`: CONTEXT.Process, CONTEXT.Pipe, ProcessPoolExecutor(mp_context=CONTEXT)."""


@contextlib.contextmanager
def children_without_interrupts() -> Iterator[None]:
    """Blocks SIGINT (Ctrl-C) for children that this thread starts inside the block; a terminal sends it to them too.

    They inherit the blocked signal, so it also holds while they import their modules. On Windows, where signals cannot
    be blocked, a child has to ignore it as early as possible.
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
    _SET_QUOTA, _TERMINATE = 0x0100, 0x0001  # access rights that AssignProcessToJobObject requires

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
        """A job object of this process; its handle is not inherited, so Windows closes it with this process."""

        def __init__(self) -> None:
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel.CreateJobObjectW.restype = wintypes.HANDLE
            self._kernel.OpenProcess.restype = wintypes.HANDLE
            self._handle = wintypes.HANDLE(self._kernel.CreateJobObjectW(None, None))
            limits = _ExtendedLimits()
            limits.BasicLimitInformation.LimitFlags = _KILL_ON_CLOSE
            self._kernel.SetInformationJobObject(self._handle, _LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))

        def add(self, pid: int) -> None:
            """Adds a child to the job."""
            process = wintypes.HANDLE(self._kernel.OpenProcess(_SET_QUOTA | _TERMINATE, False, pid))
            self._kernel.AssignProcessToJobObject(self._handle, process)
            self._kernel.CloseHandle(process)

    @cache
    def _job() -> _Job:
        return _Job()
