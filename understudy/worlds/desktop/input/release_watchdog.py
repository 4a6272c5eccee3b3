"""A small process that lets go of the mouse and the keyboard if the one that plays is killed, or no longer gets on.

A killed program cannot release what it holds, and a mouse button that a program pressed stays down without it. So each
press is announced to this process first, through a pipe; when the pipe ends, for whatever reason, it releases what is
still down and ends too. A program that was halted (Ctrl-Z) or hangs keeps its pipe: it says in every tick that it still
holds, and what nothing was said about for SILENCE_S is released as well. It has to outlive the one that plays, so it is
a session of its own, which signals to the group do not reach, and no `ChildProcess` that ends with its parent; it holds
none of the pipes that the one that plays was started with, so that nobody waits for it.
"""

import logging
import subprocess
import sys
import threading

from understudy.contract.errors import WorldError

READY = "ready"
SILENCE_S = 2.0
"""What is held for so long without a word is released: forty ticks."""
STILL, SILENCE = "=", ""
"""Lines: what is down is still wanted; nothing came for SILENCE_S."""
_PATIENCE_S = 30.0
_OWN_GROUP = 0
if sys.platform == "win32":
    _OWN_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
"""Windows has no sessions: a process outside our group is not reached by our Ctrl-C."""

_log = logging.getLogger(__name__)


class ReleaseWatchdog:
    """The guardian process, seen from the one that plays."""

    def __init__(self) -> None:
        """Starts it; returns once it could release.

        Raises:
            WorldError: if it does not start.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "understudy.worlds.desktop.release_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
            creationflags=_OWN_GROUP,
        )
        if not self._is_ready():
            self._process.kill()
            why = self._last_words()
            self.close()
            raise WorldError(
                "The process that releases mouse and keyboard after a crash does not start, and nothing is moved "
                f"without it: {why or 'try again, or see  understudy doctor --desktop'}"
            )

    @property
    def is_alive(self) -> bool:
        """Whether it would release."""
        return self._process.poll() is None

    def tell(self, kind: str, code: str, *, down: bool) -> None:
        """A button or key is about to go down, or has come up.

        Raises:
            WorldError: if the process is gone: then nothing may be pressed any more.
        """
        self._write(f"{'+' if down else '-'} {kind} {code}")

    def still(self) -> None:
        """What is down is still wanted; said in every tick while something is.

        Raises:
            WorldError: if the process is gone.
        """
        self._write(STILL)

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
        except (OSError, ValueError) as problem:
            raise WorldError(
                "The process that releases mouse and keyboard after a crash is gone, and nothing is pressed without "
                "it: start again"
            ) from problem

    def close(self) -> None:
        """Ends it; it releases what is still down. May be called twice."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:
            _log.debug("the guardian was gone already")
        try:
            self._process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _last_words(self) -> str:
        """What it wrote last on stderr, without the kind of error; it has ended."""
        assert self._process.stderr is not None
        *_, last = ["", *self._process.stderr.read().strip().splitlines()]
        return last.removeprefix(f"{WorldError.__module__}.{WorldError.__qualname__}: ")

    def _is_ready(self) -> bool:
        assert self._process.stdout is not None
        said: list[str] = []
        stdout = self._process.stdout
        reader = threading.Thread(target=lambda: said.append(stdout.readline()), daemon=True)
        reader.start()
        reader.join(_PATIENCE_S)
        return said == [f"{READY}\n"]
