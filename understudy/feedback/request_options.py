"""What goes with a question beside the messages, and how it gives way to a server: exactly by what the server names.

Each step takes one thing away for good, so that a server that refuses everything is asked a handful of times and then
no more. The exception is the room for an answer: models that think first are given more once they have run out.
"""

from dataclasses import dataclass, replace
from typing import Any

from understudy.feedback.server_error import Parameter, ServerError

TOKEN_NAMES = ("max_tokens", "max_completion_tokens", None)
"""Tried in this order: local servers know the first, OpenAI's reasoning models only the second."""


@dataclass(frozen=True, kw_only=True)
class RequestOptions:
    """The parameters that a server has not refused yet."""

    answer_tokens: int
    """Room for the answer."""
    thought_tokens: int
    """More of it for a model that thinks first."""
    with_schema: bool = True
    with_temperature: bool = True
    tokens_name: str | None = TOKEN_NAMES[0]
    """What the limit is called; None where none is sent."""
    most_pictures: int | None = None
    """Of a clip, the newest ones; None for all."""
    is_roomy: bool = False
    """Whether there is room to think."""
    may_be_roomy: bool = True
    """Whether the server has not refused that yet."""

    @property
    def num_tokens(self) -> int:
        """The longest answer."""
        return self.answer_tokens + (self.thought_tokens if self.is_roomy else 0)

    def parameters(self, schema: dict[str, Any]) -> dict[str, Any]:
        """As the API wants them."""
        chosen: dict[str, Any] = {"response_format": schema} if self.with_schema else {}
        if self.with_temperature:
            chosen["temperature"] = 0.0
        if self.tokens_name is not None:
            chosen[self.tokens_name] = self.num_tokens
        return chosen

    def without(self, error: ServerError, num_pictures: int) -> "RequestOptions | None":
        """Less by what the server named; None where it named nothing that was sent.

        Args:
            error: the refusal.
            num_pictures: how many the question has.
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
        """With room to think; None where there is no more."""
        if self.is_roomy or not self.may_be_roomy or self.tokens_name is None or not self.thought_tokens:
            return None
        return replace(self, is_roomy=True)

    def _with_pictures(self, most: int, num_pictures: int) -> "RequestOptions | None":
        sent = num_pictures if self.most_pictures is None else min(self.most_pictures, num_pictures)
        return replace(self, most_pictures=most) if sent > most else None
