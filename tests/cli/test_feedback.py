"""`critic evaluate` and `critic collect` with a model behind an endpoint; the offline rules are in test_corrections."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.json_results import json_of
from tests.support.scripted_vlm_server import Handler, Script, opinion, serving
from tests.support.small_policies import write_brain
from understudy.cli.main import main

pytest.importorskip("openai", reason="the extra [vlm] is not installed")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-secret-0123456789")


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    shown = capsys.readouterr()
    return " ".join(shown.out.split()), " ".join(shown.err.split())


def refuses(status: int, message: str) -> Script:
    return lambda handler, body: handler.refuse(message, status)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (refuses(401, "Incorrect API key provided: sk-a-secret-0123456789"), "401: Incorrect API key provided: [...]"),
        (refuses(404, 'model "m" not found'), '404: model "m" not found; is m a model of it?'),
        (refuses(400, "this model does not support image input"), "a model that sees pictures"),
        (lambda handler, body: handler.say("I would flee!"), "an answer that is not JSON"),
        (lambda handler, body: handler.say("", "length", reasoning="and"), "still thinking after 4300 tokens"),
    ],
    ids=["key", "model", "eyes", "prose", "thoughts"],
)
@pytest.mark.usefixtures("working_folder")
def test_where_nothing_was_answered_the_exit_code_is_2_and_the_sentence_is_the_servers(
    script: Script, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(script) as server:
        flags = ["--endpoint", server.url, "--model", "m", "--moments", "3"]
        assert main(["critic", "evaluate", *flags]) == 2
    out, err = told(capsys)
    assert "0 of 3 moments were answered" in out
    assert "m at http://127.0.0.1" in err and "gave no usable answer" in err and reason in err
    assert "secret" not in out + err and "Traceback" not in err
    assert not Path("critic.png").exists()


@pytest.mark.usefixtures("working_folder")
def test_one_answer_is_enough_for_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    def once(handler: Handler, body: dict[str, Any]) -> None:
        handler.say(opinion() if len(handler.server.requests) == 1 else "no more")

    with serving(once) as server:
        flags = ["--endpoint", server.url, "--model", "m", "--moments", "3"]
        assert main(["critic", "evaluate", *flags]) == 0
    out, _ = told(capsys)
    assert "1 of 3 moments were answered" in out and "2 times: an answer that is not JSON." in out
    assert Path("critic.png").exists()


@pytest.mark.usefixtures("working_folder")
def test_the_room_for_answers_is_set_by_flags() -> None:
    with serving(lambda handler, body: handler.say(opinion())) as server:
        flags = ["--endpoint", server.url, "--model", "m", "--moments", "1", "--max-tokens", "77"]
        assert main(["critic", "evaluate", *flags]) == 0
    assert server.requests[0]["max_tokens"] == 77


@pytest.mark.usefixtures("working_folder")
def test_a_critic_that_corrects_nothing_because_it_never_answers_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = write_brain(tmp_path / "models")
    with serving(refuses(401, "who are you?")) as server:
        flags = ["--endpoint", server.url, "--model", "m", "--models", str(models), "--worlds", "1", "--minutes", "0.1"]
        assert main(["critic", "collect", *flags]) == 2
    out, err = told(capsys)
    assert "The critic ended early: the server answered 401: who are you?" in out
    assert "gave no usable answer" in err


def test_what_was_collected_is_printed_as_json(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = write_brain(working_folder / "models")
    flags = (
        "--models",
        str(models),
        "--worlds",
        "2",
        "--minutes",
        "0.5",
        "--flee-below",
        "1",
        "--crowd-flee-below",
        "1",
    )
    found = json_of(capsys, "critic collect", *flags)
    assert (found["critic"], found["minutes"], found["ended"]) == ("the offline rules", 1.0, None)
    lines = Path(found["path"]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == found["num_corrections"] + found["num_agreements"] > 0
