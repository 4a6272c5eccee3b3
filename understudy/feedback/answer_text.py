"""Extracts the one JSON object from the text of a language model, as real servers and models wrap it.

Removed: reasoning (`<think>` of Qwen and DeepSeek-R1, also without the opening tag that some chat templates write
themselves; Magistral's `[THINK]`, Kimi's `◁think▷`, the channels of gpt-oss), special tokens that a server did not
not hide (`<|im_end|>`, GLM's `<|begin_of_box|>`), code fences with prose around them, prose on one side of a bare
object, a comma before a closing bracket. Not resolved but refused: two objects, two equal keys, a list.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from understudy.feedback.provider import MalformedResponse

LONGEST_ANSWER = 20_000
"""Maximum length in characters, without the reasoning; an answer has about 200."""
MOST_STARTS = 200
"""Number of opening brackets in prose at which an object is searched for."""
_THOUGHT_NAMES = "think|thinking|thought|reasoning"
_THOUGHT_END = re.compile(
    rf"</(?:{_THOUGHT_NAMES})>|\[/THINK\]|◁/think▷|<\|channel\|>\s*final\b[^<{{]*(?:<\|constrain\|>[^<{{]*)?<\|message\|>",
    re.IGNORECASE,
)
_THOUGHT_BEGIN = re.compile(
    rf"<(?:{_THOUGHT_NAMES})>|\[THINK\]|◁think▷|<\|channel\|>\s*(?:analysis|commentary)\b", re.IGNORECASE
)
_SPECIAL_TOKEN = re.compile(r"<\|\w{1,40}\|>|<｜[^｜<>]{1,40}｜>|</?(?:s|eos|answer|end_of_turn)>|<end_of_turn>")
_COMMA_AT_END = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_OPENING_BRACKET = re.compile(r"[{\[]")
_OPENING_FENCE = re.compile(r"```\s*\w*\s*$")


class UnfinishedThought(MalformedResponse):
    """The answer ended within the model's reasoning."""


@dataclass(frozen=True)
class _Found:
    """A JSON value and its position in the text."""

    value: Any
    begin: int
    end: int


def find_object(text: str) -> dict[str, Any]:
    """Returns the one JSON object of an answer, with keys in lower case.

    Raises:
        UnfinishedThought: if the text is only the beginning of reasoning.
        MalformedResponse: if there is not exactly one object; the message says what there is instead.
    """
    body = _SPECIAL_TOKEN.sub(" ", _without_thoughts(text)).strip()
    if len(body) > LONGEST_ANSWER:
        raise MalformedResponse(f"an answer of more than {LONGEST_ANSWER} characters")
    found = list(_values(body))
    if any(isinstance(one.value, list) and any(isinstance(item, dict) for item in one.value) for one in found):
        raise MalformedResponse("an answer that is not one JSON object")
    objects = [one for one in found if isinstance(one.value, dict)]
    answers = [one for one in objects if any(key.strip().lower() == "mode" for key in one.value)] or objects
    if not answers:
        raise MalformedResponse("an answer that is not one JSON object" if found else "an answer that is not JSON")
    if len(answers) > 1:
        raise MalformedResponse("an answer of more than one JSON object")
    if not _stands_apart(body, answers[0]):
        raise MalformedResponse("an answer that is not one JSON object but mentions one")
    return _small_keys(answers[0].value)


def is_whole_object(text: str) -> bool:
    """Returns whether a text is one JSON object and nothing else: an answer that a server returned as reasoning."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _without_thoughts(text: str) -> str:
    ends = list(_THOUGHT_END.finditer(text))
    rest = text[ends[-1].end() :] if ends else text
    begin = _THOUGHT_BEGIN.search(rest)
    if begin is None:
        return rest
    if rest[: begin.start()].strip():
        raise MalformedResponse("an answer with a thought behind it")
    raise UnfinishedThought("an answer that ended while the model was still thinking")


def _values(text: str) -> Iterator[_Found]:
    """Yields the JSON values that begin with a bracket, skipping those nested in another."""
    position, num_starts = 0, 0
    while num_starts < MOST_STARTS and (start := _OPENING_BRACKET.search(text, position)):
        num_starts += 1
        found = _value_at(text, start.start())
        if found is not None:
            yield found
        position = start.start() + 1 if found is None else found.end


def _value_at(text: str, begin: int) -> _Found | None:
    try:
        value, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return _value_with_commas(text, begin)
    return _Found(value, begin, end)


def _value_with_commas(text: str, begin: int) -> _Found | None:
    """Parses a value after replacing commas before closing brackets by spaces, so that positions stay valid."""
    mended = _COMMA_AT_END.sub(lambda match: match.group(1) or " ", text[begin:])
    try:
        value, length = _DECODER.raw_decode(mended)
    except (ValueError, RecursionError):
        return None
    return _Found(value, begin, begin + length)


def _stands_apart(text: str, found: _Found) -> bool:
    """Returns whether a value is fenced, or at the beginning or end of the answer, and so not part of a sentence."""
    before, after = text[: found.begin], text[found.end :]
    fenced = _OPENING_FENCE.search(before) is not None and (not after.strip() or after.lstrip().startswith("```"))
    return fenced or not before.strip() or not after.strip()


def _small_keys(value: dict[str, Any]) -> dict[str, Any]:
    small = {key.strip().lower(): item for key, item in value.items()}
    if len(small) != len(value):
        raise MalformedResponse("an answer with a key that stands there twice")
    return small


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedResponse("an answer with a key that stands there twice")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)
