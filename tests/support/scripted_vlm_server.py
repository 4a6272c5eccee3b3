"""A server that speaks the API over HTTP and does what a test tells it: answers, waits, breaks, drips, never ends."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """One request: it is noted, and the script says what happens."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(body)
        self.server.keys.append(self.headers.get("authorization", ""))
        self.server.paths.append(self.path)
        try:
            self.server.script(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def say(self, content: object, finish_reason: str = "stop", **message: object) -> None:
        """A whole answer of the API with this content in it."""
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                  "choices": [{"index": 0, "finish_reason": finish_reason,
                               "message": {"role": "assistant", "content": content, **message}}]}  # fmt: skip
        self.send(json.dumps(answer).encode())

    def refuse(self, message: str, status: int = 400, **more: object) -> None:
        """An error in the shape of OpenAI's."""
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}
        self.send(json.dumps({"error": error}).encode(), status)

    def redirect(self, to: str, status: int = 307) -> None:
        """Sends the client elsewhere."""
        self.send(b"", status, location=to)

    def send(self, content: bytes, status: int = 200, **headers: str) -> None:
        """Any bytes."""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def drip(self, piece: bytes, every_s: float) -> None:
        """A body without an end."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.close_connection = True
        while not self.server.over.wait(every_s):
            self.wfile.write(piece)

    def log_message(self, format: str, *parts: Any) -> None:
        """Nothing is printed."""


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine alone."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """A server in a thread of its own."""
    server = Server(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def opinion(mode: str = "FLEE", confidence: float = 0.9, target: int = 0, reason: str = "low hull") -> str:
    """What a good model says."""
    return json.dumps({"reason": reason, "mode": mode, "target": target, "confidence": confidence})


def sleepy(seconds: float, mode: str = "FLEE") -> Script:
    """Answers late."""

    def script(handler: Handler, body: dict[str, Any]) -> None:
        handler.server.over.wait(seconds)
        handler.say(opinion(mode))

    return script


def now_s() -> float:
    return time.perf_counter()
