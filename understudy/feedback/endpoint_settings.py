"""Whom to ask for a second opinion, and how patiently."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from understudy.contract.errors import FlagError
from understudy.feedback.correction import MAX_NAME

KEY_VARIABLE = "OPENAI_API_KEY"
ENDPOINT_VARIABLE = "OPENAI_BASE_URL"


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
    """Requests in all, those tried again and those after a redirect included; then it is over."""
    max_tokens: int = 300
    """Longest answer."""
    thought_tokens: int = 4000
    """Added to it for a model that thinks before it answers, once it has run out of room; 0 for never."""

    def __post_init__(self) -> None:
        if not _is_address(self.endpoint):
            raise FlagError(f"The endpoint {shown(self.endpoint)} is no URL: give one like http://localhost:1234/v1 .")
        if not (self.model and self.model.isprintable() and len(self.model) <= MAX_NAME):
            raise FlagError(f"The name of the critic's model must have 1 to {MAX_NAME} printable characters.")
        if self.timeout_s <= 0 or self.retries < 0 or self.backoff_s < 0 or self.max_calls < 1:
            raise FlagError("The critic's time-out and budget must be above 0, retries and back-off not below.")
        if self.max_tokens < 1 or self.thought_tokens < 0:
            raise FlagError("The critic's longest answer must be above 0 tokens, its room to think not below.")


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


def key_of(environment: Mapping[str, str]) -> str | None:
    """The key, where one is set.

    Raises:
        FlagError: if no key can look like that; it is not shown.
    """
    key = environment.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise FlagError(f"The key in {KEY_VARIABLE} holds characters that no key has: set it anew.")
    return key or None


def secrets_of(endpoint: str, key: str | None) -> tuple[str, ...]:
    """What no message may show: the key, and what stands in the endpoint's URL where `shown` leaves it out."""
    parts = urlsplit(endpoint)
    values = [value for _, value in parse_qsl(parts.query)]
    return tuple(secret for secret in (key, parts.password, *values) if secret)
