"""Limits of the HTTP client: every body is bounded, every request is counted, no request goes to another host.

Put into the `openai` client as event hooks of its HTTP client (httpx, httpx2 from version 3 on), because that client
reads the bodies of errors whole, unpacks what is compressed without a limit and follows redirects on its own.
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
"""Of a whole body, unpacked."""
MAX_ERROR_BYTES = 64_000
"""Of the body of an error: the rest is not read."""
MAX_REDIRECTS = 3
PIECE = 65_536
"""Bytes that are unpacked at a time."""
ZLIB_OR_GZIP = 47
"""Window bits for zlib to find out which of the two it is."""


class AnswerTooLate(Exception):
    """The body did not come to its end in time."""


class HttpLimits:
    """Hooks of one client. `deadline_s` is set before each request, on the clock of time.monotonic."""

    def __init__(self, endpoint: str, before_request: Callable[[], None]) -> None:
        """Args:
        endpoint: its scheme, host and port are the only ones that anything is sent to.
        before_request: called before each request, those after a redirect included; may raise ProviderExhausted.
        """
        self._endpoint, self._before_request = endpoint, before_request
        self.deadline_s = float("inf")

    def client(self, openai: Any) -> Any:
        """An HTTP client for `openai.OpenAI(http_client=...)` within these limits."""
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
            del response.headers["content-encoding"]  # it is unpacked here
        response.stream = _bounded(response.stream, encoding, response.status_code >= 300, self.deadline_s)


def is_same_server(endpoint: str, url: str) -> bool:
    """Whether both are one host and port; a change from http to https on the default ports is none."""
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
    """A stream of the HTTP library's own kind, which it insists on, around one of its streams."""
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
        if time.monotonic() > deadline_s:
            raise AnswerTooLate
        size += len(part)
        if size > limit:
            if is_error:
                yield part[: len(part) - (size - limit)]
                return
            raise MalformedResponse(f"an answer of more than {limit} bytes")
        yield part


def _unpacked(stream: Any, encoding: str) -> Iterator[bytes]:
    """The bytes of a body, a bounded piece at a time whatever they unpack to."""
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
