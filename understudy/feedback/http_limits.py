"""Limits of the HTTP client: bounds every body, counts every request, and sends nothing to another host.

Installed as event hooks of the `openai` client's HTTP client (httpx, or httpx2 from version 3 on), because that client
reads error bodies whole, decompresses without a limit and follows redirects by default.
"""

import time
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from understudy.contract.terminal_text import printable
from understudy.feedback.provider import MalformedResponse, ProviderError, ProviderExhausted

MAX_ANSWER_BYTES = 1_000_000
"""Size of a whole decompressed body."""
MAX_ERROR_BYTES = 64_000
"""Size of an error body; the rest is not read."""
MAX_REDIRECTS = 3
PIECE = 65_536
"""Bytes decompressed at a time."""
ZLIB_OR_GZIP = 47
"""zlib window bits that detect which of the two formats it is."""


class AnswerTooLate(Exception):
    """The body was not complete at the deadline."""


class HttpLimits:
    """Hooks of one client. `deadline_s` is set before each request, on the clock of time.perf_counter."""

    def __init__(self, endpoint: str, before_request: Callable[[], None]) -> None:
        """Args:
        endpoint: the only scheme, host and port that requests may go to.
        before_request: called before each request, also after a redirect; may raise ProviderExhausted.
        """
        self._endpoint, self._before_request = endpoint, before_request
        self.deadline_s = float("inf")

    def client(self, openai: Any) -> Any:
        """Returns an HTTP client for `openai.OpenAI(http_client=...)` with these limits."""
        hooks = {"request": [self._on_request], "response": [self._on_response]}
        return openai.DefaultHttpxClient(event_hooks=hooks, max_redirects=MAX_REDIRECTS)

    def _on_request(self, request: Any) -> None:
        url = str(request.url)
        if request.method != "POST" or not is_same_server(self._endpoint, url):
            parts = urlsplit(url)
            to = printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
            raise ProviderExhausted(
                f"the server redirects to {to}, and nothing is sent there on its word: "
                "give it as the endpoint if you trust it"
            )
        self._before_request()

    def _on_response(self, response: Any) -> None:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            del response.headers["content-encoding"]  # it is decompressed here
        response.stream = _bounded(response.stream, encoding, response.status_code >= 300, self.deadline_s)


def is_same_server(endpoint: str, url: str) -> bool:
    """Returns whether host and port are equal; http to https on the default ports counts as equal."""
    try:
        here, there = urlsplit(endpoint), urlsplit(url)
        ports = [part.port or {"http": 80, "https": 443}[part.scheme] for part in (here, there)]
    except (ValueError, KeyError):
        return False
    if here.hostname != there.hostname:
        return False
    return (here.scheme, ports[0]) == (there.scheme, ports[1]) or (
        (here.scheme, ports[0]) == ("http", 80) and (there.scheme, ports[1]) == ("https", 443)
    )


def _bounded(stream: Any, encoding: str, is_error: bool, deadline_s: float) -> Any:
    """Wraps a stream of the HTTP library in a bounded one of the same class, which the library requires."""
    kind: Any = import_module(type(stream).__module__.partition(".")[0]).SyncByteStream

    class Bounded(kind):
        def __iter__(self) -> Iterator[bytes]:
            return _within_limits(_unpacked(stream, encoding), is_error, deadline_s)

        def close(self) -> None:
            stream.close()

    return Bounded()


def _within_limits(parts: Iterator[bytes], is_error: bool, deadline_s: float) -> Iterator[bytes]:
    size, limit = 0, MAX_ERROR_BYTES if is_error else MAX_ANSWER_BYTES
    for part in parts:
        if time.perf_counter() > deadline_s:
            raise AnswerTooLate
        size += len(part)
        if size > limit:
            if is_error:
                yield part[: len(part) - (size - limit)]
                return
            raise MalformedResponse(f"an answer of more than {limit} bytes")
        yield part


def _unpacked(stream: Any, encoding: str) -> Iterator[bytes]:
    """Yields a decompressed body in pieces of bounded size."""
    if encoding == "identity":
        yield from stream
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ProviderError(f"the server packs its answer as {printable(encoding, 40)}, which nobody asked for")
    unpacker = zlib.decompressobj(ZLIB_OR_GZIP)
    for packed in stream:
        rest = packed
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, PIECE)
            rest = unpacker.unconsumed_tail
