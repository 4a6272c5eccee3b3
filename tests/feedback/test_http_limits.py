import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.feedback.test_openai_provider import asking, refusal
from tests.support.review_moments import moment
from tests.support.scripted_vlm_server import Handler, Server, opinion, serving
from understudy.contract.intent import Mode
from understudy.feedback.http_limits import is_same_server
from understudy.feedback.provider import MalformedResponse, ProviderError, ProviderExhausted

pytest.importorskip("openai", reason="the extra [vlm] is not installed")
MEGABYTES = 1_000_000


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    """300 MB of nothing, each some 300 kB."""
    nothing = bytes(300 * MEGABYTES)
    return {"gzip": gzip.compress(nothing, 1), "deflate": zlib.compress(nothing, 1)}


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize("status", [200, 307, 400, 401, 404, 429, 500])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.usefixtures("traced")
def test_a_packed_body_of_any_status_is_unpacked_within_bounds(
    bombs: dict[str, bytes], status: int, encoding: str
) -> None:
    problem, _ = refusal(
        lambda handler, body: handler.send(bombs[encoding], status, content_encoding=encoding), retries=0
    )
    assert isinstance(problem, MalformedResponse if status == 200 else ProviderError)
    assert tracemalloc.get_traced_memory()[1] < 20 * MEGABYTES


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.usefixtures("traced")
def test_a_body_without_an_end_is_cut_whatever_its_status(status: int) -> None:
    def endless(handler: Handler, body: dict[str, Any]) -> None:
        handler.send_response(status)
        handler.end_headers()
        handler.close_connection = True
        while not handler.server.over.is_set():
            handler.wfile.write(b" " * 100_000)

    problem, _ = refusal(endless, retries=0)
    assert str(status) in str(problem) or isinstance(problem, MalformedResponse)
    assert tracemalloc.get_traced_memory()[1] < 20 * MEGABYTES


def test_an_error_that_drips_is_cut_by_time() -> None:
    def drips(handler: Handler, body: dict[str, Any]) -> None:
        handler.send_response(500)
        handler.end_headers()
        handler.close_connection = True
        while not handler.server.over.wait(0.05):
            handler.wfile.write(b" ")

    problem, _ = refusal(drips, timeout_s=0.5, retries=0)
    assert isinstance(problem, ProviderError)


def test_a_packed_answer_is_read_though_nobody_asked_for_it() -> None:
    def packs(handler: Handler, body: dict[str, Any]) -> None:
        handler.server.accepted = handler.headers["accept-encoding"]  # type: ignore[attr-defined]
        answer = b'{"choices": [{"message": {"content": %s}}]}' % zlib_json(opinion())
        handler.send(gzip.compress(answer), content_encoding="gzip")

    with serving(packs) as server:
        provider = asking(server.url)
        assert provider.judge(moment()).mode is Mode.FLEE
        provider.close()
    assert server.accepted == "identity"  # type: ignore[attr-defined]


def zlib_json(text: str) -> bytes:
    return b'"' + text.replace('"', '\\"').encode() + b'"'


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 500])
def test_a_packing_that_is_not_known_is_refused(encoding: str) -> None:
    problem, _ = refusal(lambda handler, body: handler.send(b"x", content_encoding=encoding), retries=0)
    assert "nobody asked for" in str(problem) and len(str(problem)) < 200


def redirected(target: Server, status: int = 307) -> tuple[ProviderError, Server]:
    problem, server = refusal(lambda handler, body: handler.redirect(f"{target.url}/chat/completions", status))
    return problem, server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_gets_neither_pictures_nor_the_key(status: int) -> None:
    with serving(lambda handler, body: handler.say(opinion())) as other:
        problem, server = redirected(other, status)
    assert isinstance(problem, ProviderExhausted) and "redirects to" in str(problem)
    assert (len(server.requests), other.requests, other.keys) == (1, [], [])


def test_a_redirect_on_the_same_server_is_followed_and_counted() -> None:
    def moved(handler: Handler, body: dict[str, Any]) -> None:
        if handler.path == "/v1/chat/completions":
            handler.redirect("/v2/chat/completions")
        else:
            handler.say(opinion())

    with serving(moved) as server:
        provider = asking(server.url)
        assert provider.judge(moment()).mode is Mode.FLEE
        provider.close()
    assert provider.num_calls == len(server.requests) == 2
    assert server.paths == ["/v1/chat/completions", "/v2/chat/completions"]


def test_a_circle_of_redirects_ends_and_each_request_of_it_counts() -> None:
    with serving(lambda handler, body: handler.redirect(handler.path)) as server:
        provider = asking(server.url)
        with pytest.raises(ProviderExhausted, match="in a circle"):
            provider.judge(moment())
        provider.close()
        assert provider.num_calls == len(server.requests) == 4
        provider = asking(server.url, max_calls=2)
        with pytest.raises(ProviderExhausted, match="budget of 2 calls"):
            provider.judge(moment())
        provider.close()
        assert provider.num_calls == 2 and len(server.requests) == 6


def test_a_redirect_that_is_no_address_or_holds_a_secret_is_one_sentence() -> None:
    for to in ("http://[", "http://user:topsecret@elsewhere.example/v1", "file:///etc/passwd", "//elsewhere.example"):
        problem, _ = refusal(lambda handler, body, to=to: handler.redirect(to), retries=0)
        assert "topsecret" not in str(problem) and len(str(problem)) < 300


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://host:1234/other", True),
        ("http://HOST:1234/v1", True),
        ("http://host:1235/v1", False),
        ("https://host:1234/v1", False),
        ("http://host.example:1234/v1", False),
        ("http://host:1234@evil.example/v1", False),
        ("http://host:99999/v1", False),
        ("ftp://host:1234/v1", False),
    ],
)
def test_the_same_server_is_the_same_scheme_host_and_port(url: str, same: bool) -> None:
    assert is_same_server("http://host:1234/v1", url) is same


def test_default_ports_and_the_way_up_to_https_are_known() -> None:
    assert is_same_server("http://host/v1", "http://host:80/v1")
    assert is_same_server("http://host/v1", "https://host/v1")
    assert not is_same_server("https://host/v1", "http://host/v1")
