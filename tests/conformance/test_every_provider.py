"""What every critic must do. A new provider is done when its row stands here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.review_moments import moment
from tests.support.scripted_vlm_server import opinion, serving
from understudy.contract.intent import Mode
from understudy.feedback.endpoint_settings import EndpointSettings
from understudy.feedback.openai_provider import OpenAIProvider
from understudy.feedback.provider import Judgement, Provider, ProviderError
from understudy.feedback.rule_provider import RuleCritic


@contextmanager
def rules() -> Iterator[Provider]:
    yield RuleCritic()


@contextmanager
def endpoint() -> Iterator[Provider]:
    pytest.importorskip("openai", reason="the extra [vlm] is not installed")
    with serving(lambda handler, body: handler.say(opinion(target=0))) as server:
        yield OpenAIProvider(EndpointSettings(endpoint=server.url, model="m", retries=0, timeout_s=20.0), {})


ROWS = {"rules": rules, "endpoint": endpoint}


@pytest.fixture(params=ROWS)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("NO_PROXY", "*")
    with ROWS[request.param]() as one:
        yield one
        one.close()


def test_it_is_a_provider_and_says_what_it_is(provider: Provider) -> None:
    assert isinstance(provider, Provider)
    assert provider.source in ("rules", "vlm", "person")
    assert isinstance(provider.model, str)


def test_its_opinion_is_a_known_mode_a_confidence_and_an_object_that_is_there(provider: Provider) -> None:
    for about in (moment(Mode.FIGHT, hp=0.1, shield=0.0, attackers=3), moment(Mode.EXPLORE)):
        said = provider.judge(about)
        assert isinstance(said, Judgement) and isinstance(said.mode, Mode)
        assert 0.0 <= said.confidence <= 1.0
        assert said.target in {None, 0, *about.ids}
        assert said.reason.isprintable()


def test_it_may_be_asked_from_another_thread_and_closed_twice(provider: Provider) -> None:
    heard: list[Judgement | ProviderError] = []

    def ask() -> None:
        try:
            heard.append(provider.judge(moment()))
        except ProviderError as problem:
            heard.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(30)
    assert len(heard) == 1
    provider.close()
    provider.close()
