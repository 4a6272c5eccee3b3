"""Parameters of a request beside its messages; each is dropped when the server rejects it by name.

Each step removes one parameter for good, so a server that rejects everything gets a handful of requests at most. The
exception is the token limit: it is raised for reasoning models once an answer was cut off.
"""

from dataclasses import dataclass, replace
from typing import Any

from understudy.feedback.server_error import Parameter, ServerError

TOKEN_NAMES = ("max_tokens", "max_completion_tokens", None)
"""In the order of trial: local servers know the first, OpenAI's reasoning models only the second."""


@dataclass(frozen=True, kw_only=True)
class RequestOptions:
    """The parameters that a server has not rejected yet."""

    answer_tokens: int
    """Token limit of the answer."""
    thought_tokens: int
    """Further tokens for a model that reasons first."""
    with_schema: bool = True
    with_temperature: bool = True
    tokens_name: str | None = TOKEN_NAMES[0]
    """Name of the limit's parameter; None sends no limit."""
    most_pictures: int | None = None
    """Number of the newest pictures of a clip to send; None for all."""
    is_roomy: bool = False
    """Whether the limit includes `thought_tokens`."""
    may_be_roomy: bool = True
    """Whether the server has not rejected that limit."""

    @property
    def num_tokens(self) -> int:
        """The token limit to send."""
        return self.answer_tokens + (self.thought_tokens if self.is_roomy else 0)

    def parameters(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Returns the parameters in the form of the API."""
        chosen: dict[str, Any] = {"response_format": schema} if self.with_schema else {}
        if self.with_temperature:
            chosen["temperature"] = 0.0
        if self.tokens_name is not None:
            chosen[self.tokens_name] = self.num_tokens
        return chosen

    def without(self, error: ServerError, num_pictures: int) -> "RequestOptions | None":
        """Returns the options without what the server rejected; None if it named nothing that was sent.

        Args:
            error: the refusal.
            num_pictures: number of pictures in the request.
        """
        match error.parameter:
            case Parameter.SCHEMA if self.with_schema:
                return replace(self, with_schema=False)
            case Parameter.TEMPERATURE if self.with_temperature:
                return replace(self, with_temperature=False)
            case Parameter.MORE_ROOM:
                return self.roomier()
            case Parameter.TOKENS | Parameter.ROOM if self.is_roomy:
                return replace(self, is_roomy=False, may_be_roomy=False)
            case Parameter.TOKENS if self.tokens_name is not None:
                return replace(self, tokens_name=TOKEN_NAMES[TOKEN_NAMES.index(self.tokens_name) + 1])
            case Parameter.ROOM:
                return self._with_pictures(1, num_pictures)
            case Parameter.PICTURES if error.most_pictures is not None:
                return self._with_pictures(error.most_pictures, num_pictures)
        return None

    def roomier(self) -> "RequestOptions | None":
        """Returns the options with room for reasoning; None if there is no more."""
        if self.is_roomy or not self.may_be_roomy or self.tokens_name is None or not self.thought_tokens:
            return None
        return replace(self, is_roomy=True)

    def _with_pictures(self, most: int, num_pictures: int) -> "RequestOptions | None":
        sent = num_pictures if self.most_pictures is None else min(self.most_pictures, num_pictures)
        return replace(self, most_pictures=most) if sent > most else None
