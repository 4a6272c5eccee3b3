"""Sends single requests to an OpenAI-compatible endpoint with the `openai` client; returns the body or raises.

This module and `http_limits` bound the time and the size of a whole answer (the client's own time-out restarts with
each byte) and the total number of requests. It does not retry.
"""

import threading
import time
from typing import Any

from understudy.feedback.endpoint_settings import EndpointSettings, secrets_of
from understudy.feedback.http_limits import AnswerTooLate, HttpLimits
from understudy.feedback.provider import ProviderError, ProviderExhausted
from understudy.feedback.server_error import ServerError, read_error

NO_KEY = "not-needed"
"""Placeholder key: local servers require none, but the client does."""


class Unanswered(Exception):
    """No answer arrived; the same request may succeed later."""

    def __init__(self, why: str, wait_s: float = 0.0, *, may_be_schema: bool = False) -> None:
        """Args: `why`, for the user; `wait_s`, as the server requests; `may_be_schema`, whether it may be the cause."""
        super().__init__(why)
        self.wait_s, self.may_be_schema = wait_s, may_be_schema


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error: ServerError, wait_s: float = 0.0) -> None:
        super().__init__(str(error))
        self.error, self.wait_s = error, wait_s


class ChatClient:
    """Client for one endpoint. `complete` belongs to one thread; any thread may call `close`."""

    def __init__(self, openai: Any, settings: EndpointSettings, key: str | None) -> None:
        """Args: `openai`, the library; `settings`, of the endpoint; `key`, the API key if it requires one."""
        self.settings = settings
        self.num_calls = 0
        self.secrets = secrets_of(settings.endpoint, key)
        """Strings that no message may contain."""
        self.over = threading.Event()
        """Set by `close`."""
        self._openai, self._key = openai, key
        self._limits = HttpLimits(settings.endpoint, self._count)
        self._client = self._connect()

    def complete(self, messages: list[dict[str, Any]], parameters: dict[str, Any]) -> bytes:
        """Sends one request and returns the body of the answer.

        Raises:
            Refused: if the server answers with an error.
            Unanswered: if the same request may succeed later.
            ProviderError: if no answer is possible; ProviderExhausted if none will be from now on.
        """
        if self.over.is_set():
            raise ProviderExhausted("the critic is being closed")
        settings, openai = self.settings, self._openai
        self._limits.deadline_s = time.perf_counter() + settings.timeout_s
        cut = _Cut(self._client, settings.timeout_s)
        try:
            with cut, self._client.chat.completions.with_streaming_response.create(
                model=settings.model, messages=messages, **parameters
            ) as response:  # fmt: skip
                return b"".join(response.iter_bytes())
        except openai.APIStatusError as problem:
            error = read_error(problem.status_code, _content_of(problem.response), self.secrets)
            raise Refused(error, _retry_after_s(problem.response)) from None
        except Exception as problem:  # a truncated body raises errors of the HTTP library, whichever it is
            raise self._reason_of(problem, cut.happened) from None
        finally:
            if cut.happened and not self.over.is_set():
                self._client = self._connect()

    def close(self) -> None:
        """Cancels the request in progress. May be called twice."""
        self.over.set()
        self._client.close()

    def _connect(self) -> Any:
        return self._openai.OpenAI(
            base_url=self.settings.endpoint,
            api_key=self._key or NO_KEY,
            timeout=self.settings.timeout_s,
            max_retries=0,
            http_client=self._limits.client(self._openai),
            default_headers={"Accept-Encoding": "identity"},
        )

    def _count(self) -> None:
        """Counts a request against the budget; called before each one, also after a redirect."""
        if self.num_calls >= self.settings.max_calls:
            raise ProviderExhausted(f"the budget of {self.settings.max_calls} calls is spent")
        self.num_calls += 1

    def _reason_of(self, problem: Exception, was_cut: bool) -> Exception:
        """Returns the exception for a missing body; the client may have wrapped one that our limits raised."""
        inner: BaseException | None = problem
        while inner is not None:
            if isinstance(inner, ProviderError):
                return inner
            if isinstance(inner, AnswerTooLate):
                return Unanswered("an answer that did not come to its end in time")
            if type(inner).__name__ == "TooManyRedirects":
                return ProviderExhausted("the server redirects in a circle")
            inner = inner.__cause__
        if was_cut or isinstance(problem, self._openai.APITimeoutError):
            return Unanswered(f"no answer within {self.settings.timeout_s:g} s")
        unreached = isinstance(problem, self._openai.APIConnectionError)
        return Unanswered("the server cannot be reached" if unreached else "the connection broke")


class _Cut:
    """Closes the connection at the deadline: headers sent one byte at a time would never trigger another time-out."""

    def __init__(self, client: Any, after_s: float) -> None:
        self.happened = False
        self._client = client
        self._timer = threading.Timer(after_s + 1.0, self._close)
        self._timer.daemon = True

    def _close(self) -> None:
        self.happened = True
        self._client.close()

    def __enter__(self) -> "_Cut":
        self._timer.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._timer.cancel()


def _content_of(response: Any) -> bytes:
    try:
        content = response.content
    except Exception:  # the body was truncated: the status is enough
        return b""
    return content if isinstance(content, bytes) else b""


def _retry_after_s(response: Any) -> float:
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except (ValueError, OverflowError):
        return 0.0
