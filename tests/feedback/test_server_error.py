"""The bodies are those that servers were seen to send, in shape and in the words that matter."""

import json

import pytest

from understudy.feedback.server_error import Parameter, read_error, redacted

KEY = "sk-proj-Abcdefghij0123456789"


def openai(message: str, param: str | None = None, code: str | None = None) -> object:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


BODIES = {
    "OpenAI, reasoning models: max_tokens": (
        openai("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'.", "max_tokens"),
        Parameter.TOKENS,
    ),
    "OpenAI, reasoning models: temperature": (
        openai("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature"),
        Parameter.TEMPERATURE,
    ),
    "OpenAI: too much room": (
        openai("max_tokens is too large: 4300. It supports at most 4096 tokens.", "max_tokens"),
        Parameter.ROOM,
    ),
    "OpenAI: too little room": (
        openai("Could not finish the message because max_tokens or model output limit was reached."),
        Parameter.MORE_ROOM,
    ),
    "OpenAI, older models: schema": (
        openai("Invalid parameter: 'response_format' of type 'json_schema' is not supported.", "response_format"),
        Parameter.SCHEMA,
    ),
    "vLLM before 0.11: pictures": (
        {
            "object": "error",
            "message": "At most 1 image(s) may be provided in one request.",
            "param": None,
            "code": 400,
        },
        Parameter.PICTURES,
    ),
    "vLLM: room": (
        openai(
            "'max_tokens' or 'max_completion_tokens' is too large: 4300. This model's maximum context length is 4096."
        ),
        Parameter.ROOM,
    ),
    "vLLM: extra field, as Python spells it": (
        {"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens')}]"},
        Parameter.TOKENS,
    ),
    "llama.cpp: grammar": (
        {"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request_error"}},
        Parameter.SCHEMA,
    ),
    "llama.cpp: no eyes": (
        {
            "error": {
                "code": 500,
                "message": "image input is not supported - provide the mmproj",
                "type": "server_error",
            }
        },
        Parameter.PICTURES,
    ),
    "llama.cpp: context": (
        {"error": {"code": 400, "message": "the request is too long", "type": "exceed_context_size_error"}},
        Parameter.ROOM,
    ),
    "Ollama: one picture": (
        {"error": {"message": "vision model only supports a single image per message", "type": "api_error"}},
        Parameter.PICTURES,
    ),
    "LM Studio: bare text": ({"error": "'response_format.type' must be 'json_schema' or 'text'"}, Parameter.SCHEMA),
    "Gemini: a list of one": (
        [
            {
                "error": {
                    "code": 400,
                    "message": 'Unknown name "response_format": Cannot find field.',
                    "status": "INVALID",
                }
            }
        ],
        Parameter.SCHEMA,
    ),
    "Mistral: detail inside message": (
        {
            "object": "error",
            "message": {
                "detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra"}]
            },
        },
        Parameter.TOKENS,
    ),
    "FastAPI": ({"detail": [{"loc": ["body", "temperature"], "msg": "value is not valid"}]}, Parameter.TEMPERATURE),
    "DeepSeek: schema": (openai("This response_format type is unavailable now"), Parameter.SCHEMA),
    "OpenRouter: what the provider said": (
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": json.dumps(openai("'temperature' is not supported", "temperature"))},
            }
        },
        Parameter.TEMPERATURE,
    ),
    "OpenRouter: no eyes": (
        {"error": {"message": "No endpoints found that support image input", "code": 404}},
        Parameter.PICTURES,
    ),
    "OpenRouter: names nothing": (
        {"error": {"message": "No endpoints found that can handle the requested parameters.", "code": 404}},
        None,
    ),
    "unknown model": (openai('model "x" not found, try pulling it first'), None),
    "an empty object": ({}, None),
}


@pytest.mark.parametrize(("body", "parameter"), BODIES.values(), ids=BODIES.keys())
def test_a_server_names_what_it_does_not_take(body: object, parameter: Parameter | None) -> None:
    assert read_error(400, json.dumps(body).encode(), ()).parameter is parameter


@pytest.mark.parametrize(
    ("message", "most"),
    [
        ("At most 1 image(s) may be provided in one request.", 1),
        ("At most 2 image(s) may be provided in one prompt.", 2),
        ("vision model only supports a single image per message", 1),
        ("You set image=1 (or defaulted to 1) in `--limit-mm-per-prompt`, but passed 3 image items", 1),
        ("This model does not support multiple images", 1),
        ("image input is not supported", None),
        ("This model does not support image input", None),
    ],
)
def test_too_many_pictures_are_told_from_none_at_all(message: str, most: int | None) -> None:
    assert read_error(400, json.dumps({"error": message}).encode(), ()).most_pictures == most


def test_the_sentence_is_the_servers_own_and_goes_as_deep_as_it_must() -> None:
    raw = json.dumps({"error": {"message": "the region is closed"}})
    body = {"error": {"message": "Provider returned error", "metadata": {"raw": raw}}}
    assert str(read_error(400, json.dumps(body).encode(), ())) == (
        "the server answered 400: Provider returned error the region is closed"
    )
    assert read_error(502, b"<html><title>502 Bad Gateway</title><p>x", ()).sentence == "502 Bad Gateway"
    assert read_error(500, b"plain words", ()).sentence == "plain words"
    for empty in (b"", b"{}", b"<html>", b"null", b'{"error": null}'):
        assert str(read_error(500, empty, ())) == "the server answered 500"


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"error":' * 7_000, b"\xff" * 60_000, b"9" * 60_000])
def test_a_hostile_body_is_read_within_bounds(body: bytes) -> None:
    sentence = read_error(400, body, ()).sentence
    assert len(sentence) < 400 and sentence.isprintable()


def test_no_money_is_told_from_too_many_requests() -> None:
    quota = openai("You exceeded your current quota", code="insufficient_quota")
    assert read_error(429, json.dumps(quota).encode(), ()).is_quota
    assert read_error(402, b"{}", ()).is_quota
    assert not read_error(429, json.dumps(openai("Rate limit reached")).encode(), ()).is_quota


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}",
        f"Incorrect API key provided: {KEY}.",
        f"header 'Bearer {KEY}'",
        KEY.upper(),
        "sk-proj-********************6789 is wrong, its end is 456789",
        f"{KEY[:12]} and {KEY[12:]}",
        f"\x1b[31m{KEY}\x1b[0m",
        "x" * 1190 + KEY,
    ],
)
def test_the_key_is_in_no_sentence_not_even_in_part(text: str) -> None:
    shown = redacted(text, (KEY,))
    assert not any(KEY[at : at + 7].lower() in shown.lower() for at in range(len(KEY) - 6))
    assert shown.isprintable() and len(shown) < 400


def test_short_and_spaced_secrets_are_left_out_and_other_words_stay() -> None:
    assert redacted("the key hunter2 is wrong", ("hunter2",)) == "the key [...] is wrong"
    assert redacted("pass my word please", ("my word",)) == "[...]"
    assert redacted("hunting is fine", ("hunter2",)) == "hunting is fine"
    assert redacted("nothing to hide", ()) == "nothing to hide"
