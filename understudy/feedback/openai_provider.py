"""A vision-language model behind any OpenAI-compatible endpoint: LM Studio, Ollama, vLLM, llama.cpp, hosted ones.

A busy or failing server is retried with exponential back-off. A parameter that a server rejects by name is dropped for
good (`request_options`); the schema also if the server names nothing but answers without it. A reasoning model gets a
higher token limit once an answer was cut off. The API key comes from the environment; no message or file contains it.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from understudy.contract.errors import MissingExtraError
from understudy.feedback.answer_text import UnfinishedThought
from understudy.feedback.chat_client import ChatClient, Refused, Unanswered
from understudy.feedback.chat_completion import Completion, InBodyError, read_completion
from understudy.feedback.endpoint_settings import KEY_VARIABLE, EndpointSettings, key_of
from understudy.feedback.prompt import SYSTEM, question
from understudy.feedback.provider import Judgement, MalformedResponse, ProviderError, ProviderExhausted, ReviewMoment
from understudy.feedback.request_options import RequestOptions
from understudy.feedback.response_parser import read_opinion
from understudy.feedback.server_error import Parameter, ServerError, error_of

LONGEST_WAIT_S = 60.0
"""Upper limit of a wait, even if the server requests more."""
BUSY = (408, 409, 425, 429)
"""Statuses below 500 after which the same request may succeed."""
NO_ENTRY = (401, 403)


class OpenAIProvider:
    """A Provider that sends moments to an endpoint. `judge` belongs to one thread; any thread may call `close`."""

    source = "vlm"

    def __init__(self, settings: EndpointSettings, environment: Mapping[str, str] = os.environ) -> None:
        """Creates the client; sends nothing yet.

        Args:
            settings: of the endpoint.
            environment: read for the API key.

        Raises:
            FlagError: if the API key is invalid.
            MissingExtraError: if `openai` or `pydantic` is not installed.
        """
        try:
            import openai
            import pydantic
        except ImportError as missing:
            raise MissingExtraError(missing.name or "openai", "vlm") from missing
        self.settings = settings
        self.options = RequestOptions(answer_tokens=settings.max_tokens, thought_tokens=settings.thought_tokens)
        """Parameters that the server has not rejected."""
        self._client = ChatClient(openai, settings, key_of(environment))
        self._schema = answer_schema(pydantic)
        self._has_answered = self._takes_schema = self._doubts_schema = False

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.settings.model

    @property
    def num_calls(self) -> int:
        """Requests sent so far."""
        return self._client.num_calls

    def judge(self, moment: ReviewMoment) -> Judgement:
        """Requests a judgement; retries where that may help.

        Raises:
            MalformedResponse: if the answer is invalid.
            ProviderExhausted: if the budget is spent, or the server rejects the key or the model.
            ProviderError: if no answer arrived in time.
        """
        while True:
            try:
                return _opinion_of(self._ask(moment), moment, self.options)
            except UnfinishedThought:
                roomier = self.options.roomier()
                if roomier is None:
                    raise
                self.options = roomier

    def close(self) -> None:
        """Cancels the request in progress."""
        self._client.close()

    def _ask(self, moment: ReviewMoment) -> Completion:
        """Sends the request with exponential back-off while the server is busy or fails.

        The last attempt sends no schema if that may be the cause of the failures.
        """
        wait_s, may_be_schema = self.settings.backoff_s, False
        for attempt in range(self.settings.retries + 1):
            last = attempt == self.settings.retries
            try:
                return self._ask_without_schema(moment) if last and may_be_schema else self._ask_adapted(moment)
            except Unanswered as problem:
                if last or self._client.over.wait(min(max(wait_s, problem.wait_s), LONGEST_WAIT_S)):
                    raise ProviderError(str(problem)) from None
                wait_s, may_be_schema = 2 * wait_s, problem.may_be_schema
        raise AssertionError("the last attempt returns or raises")

    def _ask_adapted(self, moment: ReviewMoment) -> Completion:
        """Drops the parameters that the server rejects, one at a time, until it answers or names no more."""
        while True:
            try:
                return self._request(moment, self.options)
            except Refused as refused:
                if self._adapts_to(refused.error, moment):
                    continue
                if refused.error.status < 500 and self._may_be_schema(refused.error):
                    return self._ask_without_schema(moment, refused)
                raise self._outcome(refused) from None

    def _ask_without_schema(self, moment: ReviewMoment, refused: Refused | None = None) -> Completion:
        """Drops the schema for good if it was the cause; else keeps it and raises the first refusal.

        A failing server may have recovered by chance, so it has to fail twice with the schema and succeed without it.
        """
        without = replace(self.options, with_schema=False)
        try:
            completion = self._request(moment, without)
        except Refused as again:
            if self._adapts_to(again.error, moment):
                return self._ask_adapted(moment)
            raise self._outcome(refused or again) from None
        if refused is not None or self._doubts_schema:
            self.options = without
        self._doubts_schema = True
        return completion

    def _adapts_to(self, error: ServerError, moment: ReviewMoment) -> bool:
        less = self.options.without(error, len(moment.pictures))
        self.options = less or self.options
        return less is not None

    def _may_be_schema(self, error: ServerError) -> bool:
        """Returns whether the schema may be the cause of an error that names no parameter."""
        elsewhere = error.status in (*NO_ENTRY, *BUSY) or error.is_quota or error.parameter is not None
        return not elsewhere and self.options.with_schema and not self._takes_schema

    def _outcome(self, refused: Refused) -> Exception:
        """Returns the exception for a refusal: this request failed, or all further ones will."""
        error = refused.error
        if error.is_quota:
            return ProviderExhausted(str(error))
        if error.status in NO_ENTRY:
            return ProviderExhausted(f"{error}; the key is taken from {KEY_VARIABLE}")
        if error.parameter is Parameter.MORE_ROOM:
            return _out_of_room(self.options)
        if error.parameter is Parameter.PICTURES and not self._has_answered:
            return ProviderExhausted(f"{error}; the critic needs a model that sees pictures")
        if error.status in BUSY or error.status >= 500:
            return Unanswered(str(error), refused.wait_s, may_be_schema=self._may_be_schema(error))
        if self._has_answered:  # the server works, so the fault is in this request
            return ProviderError(str(error))
        advice = f"; is {self.model} a model of it?" if error.status == 404 or not error.sentence else ""
        return ProviderExhausted(f"{error}{advice}")

    def _request(self, moment: ReviewMoment, options: RequestOptions) -> Completion:
        """Sends one request.

        Raises:
            Refused: if the server answers with an error, also with status 200.
            Unanswered: if the same request may succeed later.
            ProviderError: if no answer is possible.
        """
        body = self._client.complete(_messages(moment, options), options.parameters(self._schema))
        try:
            completion = read_completion(body)
        except InBodyError as problem:
            raise Refused(error_of(problem.status, problem.error, self._client.secrets)) from None
        self._has_answered = True
        self._takes_schema |= options.with_schema
        return completion


def _opinion_of(completion: Completion, moment: ReviewMoment, options: RequestOptions) -> Judgement:
    """Returns the judgement in a completion, or raises why there is none."""
    try:
        return read_opinion(completion.text, moment)
    except UnfinishedThought as problem:
        raise _out_of_room(options) from problem
    except MalformedResponse as problem:
        said_nothing = not completion.content.strip()
        if completion.is_cut_off and (said_nothing or completion.thoughts):
            raise _out_of_room(options) from problem
        if completion.is_cut_off:
            raise MalformedResponse(f"{problem}, cut off after {options.num_tokens} tokens") from problem
        if completion.refusal:
            raise MalformedResponse("the model refuses to answer") from problem
        if said_nothing:
            raise MalformedResponse("an answer without a text") from problem
        raise


def _out_of_room(options: RequestOptions) -> UnfinishedThought:
    return UnfinishedThought(f"a model that was still thinking after {options.num_tokens} tokens")


def _messages(moment: ReviewMoment, options: RequestOptions) -> list[dict[str, Any]]:
    most = len(moment.pictures) if options.most_pictures is None else options.most_pictures
    pictures = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"}}
        for picture in moment.pictures[-most:]
    ]
    content = [*pictures, {"type": "text", "text": question(moment)}]
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}]


def answer_schema(pydantic: Any) -> dict[str, Any]:
    """Returns the JSON schema of an answer; the reason comes first, so that the model writes it before the mode."""
    model = pydantic.create_model(
        "Judgement",
        __config__=pydantic.ConfigDict(extra="forbid"),
        reason=(str, ...),
        mode=(Literal["FIGHT", "LOOT", "FLEE", "EXPLORE", "CAUTIOUS"], ...),
        target=(int, ...),
        confidence=(float, ...),
    )
    schema = {"name": "opinion", "strict": True, "schema": model.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}
