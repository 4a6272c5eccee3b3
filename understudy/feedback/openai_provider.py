"""A vision-language model behind any OpenAI-compatible endpoint: LM Studio, Ollama, vLLM, llama.cpp, hosted ones.

The `openai` client is the transport; what must be bounded is bounded here: the time and the size of a whole answer
(the client's own time-out starts anew with each byte), how often a request is tried again and how long in between,
and how many requests there may be in all. The key comes from the environment and is in no message and no file.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from understudy.contract.errors import FlagError, MissingExtraError
from understudy.feedback.prompt import SYSTEM, question
from understudy.feedback.provider import Judgement, MalformedResponse, ProviderError, ProviderExhausted, ReviewMoment
from understudy.feedback.response_parser import read_opinion

KEY_VARIABLE = "OPENAI_API_KEY"
ENDPOINT_VARIABLE = "OPENAI_BASE_URL"
NO_KEY = "not-needed"
"""Local servers want no key, but the client wants one."""
LARGEST_ANSWER = 1_000_000
"""Bytes of a whole HTTP body."""
LONGEST_WAIT_S = 60.0
"""However long a server asks us to wait, no back-off is longer."""


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """Whom to ask, and how patiently."""

    endpoint: str
    """Base URL, such as http://localhost:1234/v1 ."""
    model: str
    """Name of the model there."""
    timeout_s: float = 30.0
    """For a whole answer, from the question on."""
    retries: int = 2
    """How often a request is tried again after a time-out, a lost connection, a busy or a failing server."""
    backoff_s: float = 1.0
    """Wait before the first of those; doubled each time."""
    max_calls: int = 2000
    """Requests in all, those tried again included; then it is over."""
    max_tokens: int = 300
    """Longest answer."""

    def __post_init__(self) -> None:
        if not _is_address(self.endpoint):
            raise FlagError(f"The endpoint {shown(self.endpoint)} is no URL: give one like http://localhost:1234/v1 .")
        if self.timeout_s <= 0 or self.retries < 0 or self.backoff_s < 0 or self.max_calls < 1:
            raise FlagError("The critic's time-out and budget must be above 0, retries and back-off not below.")


def _is_address(endpoint: str) -> bool:
    """Whether it can be connected to: scheme and host are there, and a port is a number of one."""
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port or an IPv6 address that is none
        return False


def shown(endpoint: str) -> str:
    """An endpoint as it may be shown: without user, password and query."""
    try:
        parts = urlsplit(endpoint)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # which part of it is the password cannot be told
        return "that was given"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


class OpenAIProvider:
    """A Provider that asks an endpoint. `judge` belongs to one thread; `close` may come from another."""

    source = "vlm"

    def __init__(self, settings: EndpointSettings, environment: Mapping[str, str] = os.environ) -> None:
        """Makes the client; nothing is sent yet.

        Args:
            settings: whom to ask.
            environment: where the key is looked for.

        Raises:
            MissingExtraError: if `openai` or `pydantic` is not installed.
        """
        try:
            import openai
            import pydantic
        except ImportError as missing:
            raise MissingExtraError(missing.name or "openai", "vlm") from missing
        self.settings = settings
        self.num_calls = 0
        self._openai = openai
        self._key = environment.get(KEY_VARIABLE) or NO_KEY
        self._schema: dict[str, Any] | None = answer_schema(pydantic)
        self._over = threading.Event()
        self._client = self._connect()

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.settings.model

    def judge(self, moment: ReviewMoment) -> Judgement:
        """Asks, again where that may help.

        Raises:
            Babble: if the answer makes no sense.
            ProviderEnded: if the budget is spent, or the server will not have us.
            ProviderError: if there was no answer in time.
        """
        content = self._ask([{"role": "system", "content": SYSTEM}, {"role": "user", "content": _content(moment)}])
        return read_opinion(_text_of(content), moment)

    def close(self) -> None:
        """Gives up what is being waited for."""
        self._over.set()
        self._client.close()

    def _connect(self) -> Any:
        settings = self.settings
        return self._openai.OpenAI(
            base_url=settings.endpoint, api_key=self._key, timeout=settings.timeout_s, max_retries=0
        )

    def _ask(self, messages: list[dict[str, Any]]) -> bytes:
        """The body of an answer; tries again with growing waits."""
        wait_s = self.settings.backoff_s
        for attempt in range(self.settings.retries + 1):
            last = attempt == self.settings.retries
            try:
                return self._try(messages)
            except _Again as problem:
                if last or self._over.wait(min(max(wait_s, problem.wait_s), LONGEST_WAIT_S)):
                    raise ProviderError(str(problem)) from problem
                wait_s *= 2
        raise AssertionError("the last attempt returns or raises")

    def _try(self, messages: list[dict[str, Any]]) -> bytes:
        """One request.

        Raises:
            _Again: where the same request may succeed later.
        """
        openai = self._openai
        if self._over.is_set():
            raise ProviderExhausted("the critic is being closed")
        try:
            return self._request(messages)
        except (openai.RateLimitError, openai.InternalServerError) as problem:
            raise _Again(f"the server answered {problem.status_code}", _retry_after_s(problem.response)) from problem
        except (openai.AuthenticationError, openai.PermissionDeniedError) as problem:
            raise ProviderExhausted(
                f"the server answered {problem.status_code}: set the key it wants in {KEY_VARIABLE}"
            ) from None  # what the server said may repeat the key
        except openai.APIStatusError as problem:
            if problem.status_code in (400, 422) and self._schema is not None:
                self._schema = None  # an older server that knows no schema: the prompt says the same in words
                return self._try(messages)
            raise ProviderExhausted(
                f"the server answered {problem.status_code}: is {self.settings.model} a model of it?"
            ) from None

    def _request(self, messages: list[dict[str, Any]]) -> bytes:
        settings = self.settings
        if self.num_calls >= settings.max_calls:
            raise ProviderExhausted(f"the budget of {settings.max_calls} calls is spent")
        self.num_calls += 1
        extras: dict[str, Any] = {} if self._schema is None else {"response_format": self._schema}
        deadline_s = time.monotonic() + settings.timeout_s
        cut = _Cut(self._client, settings.timeout_s)
        try:
            with cut, self._client.chat.completions.with_streaming_response.create(
                model=settings.model, messages=messages, max_tokens=settings.max_tokens, temperature=0.0, **extras
            ) as response:  # fmt: skip
                return _read(response, deadline_s)
        except (self._openai.APIStatusError, ProviderError, _Again):
            raise
        except Exception as problem:  # a body that breaks off raises errors of the HTTP library, whichever it is
            if cut.happened or isinstance(problem, self._openai.APITimeoutError):
                raise _Again(f"no answer within {settings.timeout_s:g} s") from problem
            unreached = isinstance(problem, self._openai.APIConnectionError)
            raise _Again("the server cannot be reached" if unreached else "the connection broke") from problem
        finally:
            if cut.happened and not self._over.is_set():
                self._client = self._connect()


class _Again(Exception):
    """The same request may succeed later."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class _Cut:
    """Cuts the connection when time is up: headers that drip in a byte at a time keep every other time-out at bay."""

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


def _read(response: Any, deadline_s: float) -> bytes:
    """The body, as long as it is neither too long nor too late."""
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise MalformedResponse(f"an answer of more than {LARGEST_ANSWER} bytes")
        if time.monotonic() > deadline_s:
            raise _Again("an answer that did not come to its end in time")
    return b"".join(parts)


def _text_of(body: bytes) -> str:
    """What the model said, in an answer of the API."""
    try:
        text = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, RecursionError, LookupError, TypeError) as problem:
        raise MalformedResponse("an answer that is not one of this API") from problem
    if not isinstance(text, str):
        raise MalformedResponse("an answer without a text")
    return text


def _retry_after_s(response: Any) -> float:
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except (ValueError, OverflowError):
        return 0.0


def _content(moment: ReviewMoment) -> list[dict[str, Any]]:
    pictures = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"}}
        for picture in moment.pictures
    ]
    return [*pictures, {"type": "text", "text": question(moment)}]


def answer_schema(pydantic: Any) -> dict[str, Any]:
    """The JSON schema of an answer, as the API wants it: the reason first, so that it is thought of first."""
    model = pydantic.create_model(
        "Opinion",
        __config__=pydantic.ConfigDict(extra="forbid"),
        reason=(str, ...),
        mode=(Literal["FIGHT", "LOOT", "FLEE", "EXPLORE", "CAUTIOUS"], ...),
        target=(int, ...),
        confidence=(float, ...),
    )
    schema = {"name": "opinion", "strict": True, "schema": model.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}
