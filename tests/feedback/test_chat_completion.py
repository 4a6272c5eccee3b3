import json
from typing import Any

import pytest

from understudy.feedback.chat_completion import InBodyError, read_completion
from understudy.feedback.provider import MalformedResponse

ANSWER = '{"mode": "FLEE", "confidence": 0.9}'


def body(finish_reason: object = "stop", **message: Any) -> bytes:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}
    return json.dumps({"id": "1", "choices": [choice]}).encode()


TEXTS = {
    "text": {"content": ANSWER},
    "parts": {"content": [{"type": "text", "text": ANSWER}]},
    "parts of two": {"content": [{"type": "text", "text": ANSWER[:9]}, {"type": "output_text", "text": ANSWER[9:]}]},
    "Mistral's thoughts": {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "low"}]},
            {"type": "text", "text": ANSWER},
        ]
    },
    "thoughts apart": {"content": ANSWER, "reasoning_content": "the hull is low"},
    "thoughts apart by another name": {"content": ANSWER, "reasoning": "the hull is low"},
    "all of it in the place of the thoughts": {"content": "", "reasoning_content": ANSWER},
    "the same with no content": {"content": None, "reasoning": f"\n{ANSWER}\n"},
}


@pytest.mark.parametrize("message", TEXTS.values(), ids=TEXTS.keys())
def test_the_answer_is_found_where_a_server_puts_it(message: dict[str, Any]) -> None:
    assert read_completion(body(**message)).text.strip() == ANSWER


def test_an_answer_inside_a_thought_is_none() -> None:
    completion = read_completion(body(content="", reasoning_content=f"maybe {ANSWER} or not"))
    assert completion.text == "" and completion.thoughts


def test_why_it_stopped_is_told() -> None:
    assert read_completion(body("length", content="")).is_cut_off
    assert not read_completion(body(None, content="")).is_cut_off
    assert read_completion(body(content=None, refusal="I will not")).refusal


@pytest.mark.parametrize(
    ("plain", "status"),
    [
        ({"error": {"message": "busy", "code": 429}}, 429),
        ({"error": {"message": "busy", "code": "429"}}, 502),
        ({"error": "Unexpected endpoint"}, 502),
        ({"error": {"code": 200}, "choices": None}, 502),
        ({"choices": [{"error": {"message": "lost", "code": 503}, "finish_reason": "error"}]}, 503),
    ],
)
def test_an_error_with_status_200_is_an_error(plain: object, status: int) -> None:
    with pytest.raises(InBodyError) as caught:
        read_completion(json.dumps(plain).encode())
    assert caught.value.status == status


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"7", b"null", b'{"choices": [7]}', b'{"choices": [{"message": 7}]}',
     b'{"choices": [{"message": {"content": 7}}]}',
     b'{"choices": [{"message": {"content": [7]}}]}', b'{"choices": {}}', b"[" * 100_000, b"\xff", b'{"a":1,"a":2}'],
)  # fmt: skip
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedResponse, match="not one of this API"):
        read_completion(content)
