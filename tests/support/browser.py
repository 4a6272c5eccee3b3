"""A real Chromium with a small game in it, from outside: its pages on loopback, what they heard, and its DevTools."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PAGES = Path(__file__).with_name("browser_pages")
GAME_TITLE = "Dots - a game"
TOOLBAR = 87
"""Pixels of tabs and toolbar above the page."""
SCROLLBAR = 16
"""Pixels of the page's scroll bar on the right."""
PATIENCE_S = 60.0


class PageServer:
    """Serves pages on loopback and keeps what they tell."""

    def __init__(self, folder: Path = PAGES) -> None:
        told: list[tuple[float, str, int, int]] = []
        self.told = told
        """Time (monotonic), what, and place in the page."""

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                if address.path != "/log":
                    super().do_GET()
                    return
                asked = {name: values[0] for name, values in parse_qs(address.query).items()}
                told.append((time.perf_counter(), asked["what"], int(float(asked["x"])), int(float(asked["y"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *words: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def presses(self, *kinds: str) -> list[tuple[float, str, int, int]]:
        return [each for each in self.told if each[1] in kinds]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)


class Chromium:
    """One browser with one window; DevTools through a pipe, so no port is opened and no library needed."""

    def __init__(
        self, environment: dict[str, str], folder: Path, url: str, size: tuple[int, int] = (1280, 720)
    ) -> None:
        binary = shutil.which("chromium")
        if binary is None:
            pytest.skip("chromium is not installed (on Debian: apt install chromium)")
        commands_out, self._commands = os.pipe()
        self._answers, answers_in = os.pipe()

        def as_three_and_four() -> None:
            first, second = os.dup(commands_out), os.dup(answers_in)
            os.dup2(first, 3)
            os.dup2(second, 4)

        root = ["--no-sandbox", "--test-type"] if os.getuid() == 0 else ["--test-type"]
        self._process = subprocess.Popen(
            [
                binary,
                *root,
                "--guest",
                f"--user-data-dir={folder}",
                "--no-first-run",
                "--no-default-browser-check",
                "--disable-gpu",
                "--password-store=basic",
                "--remote-debugging-pipe",
                "--window-position=0,0",
                f"--window-size={size[0]},{size[1]}",
                url,
            ],
            env=environment,
            preexec_fn=as_three_and_four,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(commands_out)
        os.close(answers_in)
        self._number, self._read = 0, b""

    def call(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._read:
                part = os.read(self._answers, 65536)
                assert part, "the browser has ended"
                self._read += part
            one, _, self._read = self._read.partition(b"\0")
            answer = json.loads(one)
            if answer.get("id") == self._number:
                return dict(answer.get("result", answer))

    def pages(self) -> list[dict[str, Any]]:
        return [each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page"]

    def evaluate(self, script: str, target: str | None = None) -> Any:
        """Runs a script in a page, by default the newest, and returns its value; None where it has none or raises."""
        target = target or next(each["targetId"] for each in self.pages())
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        answer = self.call("Runtime.evaluate", session, expression=script, userGesture=True, returnByValue=True)
        self.call("Target.detachFromTarget", sessionId=session)
        return None if "exceptionDetails" in answer else answer.get("result", {}).get("value")

    def close(self) -> None:
        with suppress(AssertionError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait(20)
        os.close(self._commands)
        os.close(self._answers)


def wait_until(holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Waits for something that another process brings about."""
    end_s = time.perf_counter() + patience_s
    while not holds():
        assert time.perf_counter() < end_s, f"{what}: not within {patience_s:g} s"
        time.sleep(0.02)
