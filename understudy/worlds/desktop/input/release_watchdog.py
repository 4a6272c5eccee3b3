"""Release watchdog: a process that releases held buttons and keys if the player process is killed or hangs.

A killed program cannot release its held inputs, and they stay down. So each press is first reported to this process
through a pipe; when the pipe closes, for any reason, it releases what is still down and exits. A stopped program
(Ctrl-Z) or one that hangs keeps its pipe open: therefore the player sends a heartbeat in every tick, and after
SILENCE_S without one everything is released, too. The watchdog must outlive the player, so it runs in its own session,
which signals to the process group do not reach, and is no `ChildProcess`, which would end with its parent. It inherits
none of the player's pipes, so that no other program waits for it.
"""

import logging
import subprocess
import sys
import threading

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.windows.window_system import Area

READY = "ready"
SILENCE_S = 2.0
"""Seconds without a heartbeat after which held inputs are released: forty ticks."""
STILL, SILENCE, WATCH = "=", "", "@"
"""Lines of the pipe: the heartbeat; no line for SILENCE_S; the beginning of a line with the game's window and area."""
_PATIENCE_S = 30.0
_OWN_GROUP = 0
if sys.platform == "win32":
    _OWN_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
"""Windows has no sessions: a process outside our group is not reached by our Ctrl-C."""

_log = logging.getLogger(__name__)


class ReleaseWatchdog:
    """The player's handle of the watchdog process."""

    def __init__(self, *, waits: bool = True) -> None:
        """Starts the process; returns once it is ready to release inputs.

        Args:
            waits: False returns at once, for a start beside other work; call `require_ready` before the first press.

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
        self._is_known_ready = False
        if waits:
            self.require_ready()

    def require_ready(self) -> None:
        """Waits until it is ready to release inputs.

        Raises:
            WorldError: if it does not start.
        """
        if self._is_known_ready:
            return
        self._is_known_ready = self._is_ready()
        if not self._is_known_ready:
            self._process.kill()
            why = self._last_words()
            self.close()
            raise WorldError(
                "The process that releases mouse and keyboard after a crash does not start, and nothing is moved "
                f"without it: {why or 'try again, or see  understudy doctor --desktop'}"
            )

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def watch(self, window: int, area: Area) -> None:
        """Reports the game's window and its play area, where held buttons are released if something has come to lie
        under the cursor.

        Raises:
            WorldError: if the process has ended.
        """
        self._write(f"{WATCH} {window} {area.left} {area.top} {area.width} {area.height}")

    def tell(self, kind: str, code: str, *, down: bool) -> None:
        """Reports a press that is about to be sent, or a release that was sent.

        Raises:
            WorldError: if the process has ended; then nothing may be pressed any more.
        """
        self._write(f"{'+' if down else '-'} {kind} {code}")

    def still(self) -> None:
        """Sends a heartbeat: the held inputs are still wanted. Call it in every tick with held inputs.

        Raises:
            WorldError: if the process has ended.
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
        """Ends the process, which releases what is still down. May be called twice."""
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
        """Returns the last line of the ended process on stderr, without the exception's type."""
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
