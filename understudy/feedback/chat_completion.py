"""Parses the body of a chat completion: the answer, the model's reasoning, and the finish reason.

Servers put reasoning into `reasoning_content` (DeepSeek, llama.cpp, LM Studio, older vLLM) or `reasoning` (vLLM,
Ollama, OpenRouter), and split content into parts (Mistral). LM Studio and vLLM may leave the content empty and put the
whole answer into the reasoning; OpenRouter reports errors of a provider with status 200.
"""

from dataclasses import dataclass
from typing import Any

from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import WireError
from understudy.feedback.answer_text import is_whole_object
from understudy.feedback.provider import MalformedResponse

THOUGHT_PARTS = ("thinking", "reasoning")
"""Types of content parts that are reasoning and not the answer."""
FAILING = 502


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One answer of the API."""

    content: str
    """The answer; may be empty."""
    thoughts: str
    """The model's reasoning, where the server separates it."""
    finish_reason: str
    """`stop`, `length` if the token limit was reached, `content_filter`, or a server's own value."""
    refusal: bool = False

    @property
    def text(self) -> str:
        """The text that contains the answer."""
        if self.content.strip() or not is_whole_object(self.thoughts.strip()):
            return self.content
        return self.thoughts

    @property
    def is_cut_off(self) -> bool:
        """Whether the token limit cut the answer off."""
        return self.finish_reason == "length"


def read_completion(body: bytes) -> Completion:
    """Reads the body of an answer.

    Raises:
        InBodyError: if the body is an error in spite of status 200.
        MalformedResponse: if the body is not a chat completion.
    """
    try:
        plain = parse_json(body.decode("utf-8"))
        error = _error_in(plain)
        if error is not None:
            raise InBodyError(error)
        choice = plain["choices"][0]
        message = choice["message"]
        content, thoughts = _text_of(message.get("content")), _thoughts_of(message)
        refusal = isinstance(message.get("refusal"), str) and bool(message["refusal"])
        reason = choice.get("finish_reason")
    except (WireError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as problem:
        raise MalformedResponse("an answer that is not one of this API") from problem
    return Completion(
        content=content, thoughts=thoughts, finish_reason=reason if isinstance(reason, str) else "", refusal=refusal
    )


class InBodyError(Exception):
    """An error object in a body of status 200."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__("an error with status 200")
        self.error = error

    @property
    def status(self) -> int:
        """The status that the error stands for; that of a server failure where it gives none."""
        inner = self.error.get("error")
        code = inner.get("code") if isinstance(inner, dict) else None
        return code if isinstance(code, int) and 400 <= code < 600 else FAILING


def _error_in(plain: Any) -> dict[str, Any] | None:
    """Returns the error of a body without choices, or whose first choice is an error."""
    if isinstance(plain, dict) and plain.get("error") and not plain.get("choices"):
        return plain
    choices = plain.get("choices") if isinstance(plain, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) and first.get("error") else None


def _text_of(content: Any) -> str:
    """Returns the text of content that is a string, a list of parts, or missing."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError("a content that is neither text nor parts")
    return "".join(_part_of(part) for part in content)


def _part_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    if part.get("type") in THOUGHT_PARTS:
        return ""
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _thoughts_of(message: dict[str, Any]) -> str:
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return "thought" if any(isinstance(part, dict) and part.get("type") in THOUGHT_PARTS for part in parts) else ""
