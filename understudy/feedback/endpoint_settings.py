"""Settings of the endpoint of a vision-language model: address, time-outs, retries and budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from understudy.contract.errors import FlagError
from understudy.feedback.correction import MAX_NAME

KEY_VARIABLE = "OPENAI_API_KEY"
ENDPOINT_VARIABLE = "OPENAI_BASE_URL"


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """Address, time-outs, retries and budget of an endpoint."""

    endpoint: str
    """Base URL, such as http://localhost:1234/v1 ."""
    model: str
    """Name of the model on that server."""
    timeout_s: float = 30.0
    """For a whole answer, from the request on."""
    retries: int = 2
    """Retries of a request after a time-out, a lost connection, or an error of a busy or failing server."""
    backoff_s: float = 1.0
    """Wait before the first retry; doubles each time."""
    max_calls: int = 2000
    """Budget of requests, including retries and redirects."""
    max_tokens: int = 300
    """Maximum length of an answer."""
    thought_tokens: int = 4000
    """Added for a reasoning model once its answer was cut off; 0 for never."""

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
    """Returns whether an endpoint has a scheme, a host and, if given, a valid port."""
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # an invalid port or IPv6 address
        return False


def shown(endpoint: str) -> str:
    """Returns an endpoint for display: without user, password and query."""
    try:
        parts = urlsplit(endpoint)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # which part is the password is unknown
        return "that was given"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def key_of(environment: Mapping[str, str]) -> str | None:
    """Returns the API key, if one is set.

    Raises:
        FlagError: if it is not a valid key; the message does not contain it.
    """
    key = environment.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise FlagError(f"The key in {KEY_VARIABLE} holds characters that no key has: set it again.")
    return key or None


def secrets_of(endpoint: str, key: str | None) -> tuple[str, ...]:
    """Returns the strings that no message may contain: the key, and the parts of the URL that `shown` removes."""
    parts = urlsplit(endpoint)
    values = [value for _, value in parse_qsl(parts.query)]
    return tuple(secret for secret in (key, parts.password, *values) if secret)
