"""Parses the error of a server that refuses a request: its message without secrets, and the parameter it rejects.

Formats seen: OpenAI's `{"error": {"message", "param", "code"}}`; vLLM's and FastAPI's without `error`, with `detail`
and `loc`; Mistral's `detail` inside `message`; Gemini's list of one; LM Studio's and Ollama's bare text; OpenRouter's
`metadata.raw` with the provider's own body as text; a proxy's HTML page. The manual's table quotes the wording of each
(docs/manual/critic.md).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from understudy.contract.terminal_text import printable

MAX_SENTENCE = 300
"""Characters of a server's message that are shown."""
MAX_DEPTH = 8
MAX_TEXTS = 20
LONG_SECRET, PIECE = 16, 6
"""Of a secret of at least LONG_SECRET characters, no word may contain PIECE in a row: servers quote parts of keys."""


class Parameter(Enum):
    """A part of a request that a server can reject."""

    SCHEMA = "response_format"
    TOKENS = "max_tokens"
    TEMPERATURE = "temperature"
    PICTURES = "image_url"
    ROOM = "the room for the answer"
    """More tokens were requested than fit."""
    MORE_ROOM = "more room for the answer"
    """Fewer tokens were allowed than were needed."""


_SIZES = (
    (Parameter.MORE_ROOM, r"higher max_\w*tokens|output limit was reached"),
    (Parameter.ROOM, r"max_\w*tokens\W[^.]{0,60}(?:too large|exceeds|at most|less than or equal)"),
    (Parameter.ROOM, r"context.?(?:length|size|window)"),
)
_NAMES = (
    (Parameter.TOKENS, r"\bmax_(?:completion_|output_)?tokens\b"),
    (Parameter.TEMPERATURE, r"\btemperature\b"),
    (Parameter.SCHEMA, r"response.?(?:format|schema)|json.?(?:schema|object|mode)|structured.?output|\bschema\b"),
    (Parameter.SCHEMA, r"guided|grammar|additionalProperties"),
    (Parameter.PICTURES, r"\bimages?\b|image_url|\bpictures?\b|multi.?modal|\bmm.per.prompt\b|\bvision\b"),
)
_MOST_PICTURES = re.compile(
    r"(?:at most|up to|only|maximum(?: number)?(?: of)?|limit(?: is)?(?: of)?|you set image ?=)\s*(?:supports?\s*)?"
    r"(\d{1,3}|a single|one)\b|\b(single image|multiple images|more than one image|too many images)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class ServerError:
    """A refused request."""

    status: int
    sentence: str
    """The server's message on one printable line, without secrets; may be empty."""
    parameter: Parameter | None
    """The parameter that it rejects, if it names one."""
    most_pictures: int | None = None
    """Maximum number of pictures, if it says that there are too many."""
    is_quota: bool = False
    """Whether the account has no credit left: waiting does not help."""

    def __str__(self) -> str:
        return f"the server answered {self.status}" + (f": {self.sentence}" if self.sentence else "")


def read_error(status: int, body: bytes, secrets: Sequence[str]) -> ServerError:
    """Parses the body of an error in any format.

    Args:
        status: HTTP status of the response.
        body: its beginning.
        secrets: strings that must not be shown, such as the key.
    """
    text = body.decode("utf-8", errors="replace")
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        plain = _page_title(text)
    return error_of(status, plain, secrets)


def error_of(status: int, plain: Any, secrets: Sequence[str]) -> ServerError:
    """Parses an error that was decoded from JSON."""
    texts: list[str] = []
    names: list[str] = []
    for is_name, text in _walk(plain, MAX_DEPTH):
        (names if is_name else texts).append(text)
        if len(texts) + len(names) >= MAX_TEXTS:
            break
    said = " ".join(dict.fromkeys(texts))
    parameter = _sized(f"{said} {' '.join(names)}") or _named(" ".join(names)) or _named(said)
    is_poor = re.search(r"insufficient.?(?:quota|balance|credit)", f"{names} {said}", re.IGNORECASE) is not None
    return ServerError(
        status=status,
        sentence=redacted(said, secrets).rstrip(" ."),
        parameter=parameter,
        most_pictures=_most_pictures(said) if parameter is Parameter.PICTURES else None,
        is_quota=status == 402 or is_poor,
    )


def redacted(text: str, secrets: Sequence[str]) -> str:
    """Returns one printable line of bounded length, without the words that share a part with a secret."""
    line = " ".join(printable(text, 4 * MAX_SENTENCE).split())
    words = ["[...]" if _tells(word, secrets) else word for word in line.split(" ")]
    shown = " ".join(words)
    if any(secret and secret.lower() in shown.lower() for secret in secrets):  # a secret that contains spaces
        return "[...]"
    return shown if len(shown) <= MAX_SENTENCE else f"{shown[:MAX_SENTENCE]}..."


def _tells(word: str, secrets: Sequence[str]) -> bool:
    small = word.lower()
    for secret in map(str.lower, secrets):
        if secret and secret in small:
            return True
        if len(secret) >= LONG_SECRET:
            pieces = (secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1))
            if any(piece in small for piece in pieces):
                return True
    return False


def _sized(text: str) -> Parameter | None:
    """Returns ROOM or MORE_ROOM if a text names such a limit; takes precedence over an unknown parameter."""
    return next((parameter for parameter, pattern in _SIZES if re.search(pattern, text, re.IGNORECASE)), None)


def _named(text: str) -> Parameter | None:
    """Returns the first parameter that a text names."""
    places = [
        (match.start(), parameter)
        for parameter, pattern in _NAMES
        if (match := re.search(pattern, text, re.IGNORECASE)) is not None
    ]
    return min(places, key=lambda place: place[0])[1] if places else None


def _most_pictures(text: str) -> int | None:
    match = _MOST_PICTURES.search(text)
    if match is None:
        return None
    number = match.group(1)
    return max(int(number), 1) if number is not None and number.isdigit() else 1


def _walk(value: Any, depth: int) -> Iterator[tuple[bool, str]]:
    """Yields the texts of an error, each with whether it names a parameter or a kind of error instead of a message."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth - 1)
    elif isinstance(value, dict):
        for key in ("error", "message", "msg", "detail", "details", "description", "metadata", "raw", "title"):
            if key in value:
                yield from _walk(value[key], depth - 1)
        for key in ("param", "loc", "code", "type", "field"):
            yield from ((True, name) for name in _names_in(value.get(key)))
    elif isinstance(value, str) and value.strip():
        inner = _inner(value)
        if inner is None:
            yield False, value.strip()
        else:
            yield from _walk(inner, depth - 1)


def _names_in(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item:
            yield item[:100]


def _inner(text: str) -> Any:
    """Decodes a body inside a text, as proxies forward their provider's error."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _page_title(text: str) -> str:
    """Returns the title of an HTML page, or the beginning of other text."""
    if not text.lstrip().startswith("<"):
        return text[: 4 * MAX_SENTENCE]
    title = re.search(r"<title>([^<]{1,200})</title>", text, re.IGNORECASE)
    return title.group(1) if title else ""
