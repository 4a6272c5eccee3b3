"""A server that is not our own code, over HTTP: `transformers serve` with a tiny model of random weights.

Its answers are random, so meaning is tested elsewhere (test_openai_provider, with a scripted server): here it is the
wire, pictures, the schema and the time-outs. The server, `transformers[serving]`, is one of the development tools.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.review_moments import moment
from understudy.cli.main import main
from understudy.feedback.endpoint_settings import EndpointSettings
from understudy.feedback.openai_provider import OpenAIProvider
from understudy.feedback.provider import MalformedResponse, ProviderError, ReviewMoment

pytest.importorskip("openai", reason="the extra [vlm] is not installed")
NEEDED = ("transformers", "fastapi", "uvicorn")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in NEEDED),
        reason="transformers[serving] is not installed: a server that is not ours cannot be tried",
    ),
]
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The endpoint and the name of the model."""
    folder = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1", "NO_PROXY": "*"}
    (folder / "hf" / "hub").mkdir(parents=True)  # without it the list of models is an error
    model = folder / "tiny-llava"
    builder = Path(__file__).parents[1] / "support" / "tiny_llava.py"
    subprocess.run([sys.executable, str(builder), str(model)], env=environment, check=True, timeout=PATIENCE_S)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    code = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
    arguments = ["serve", str(model), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until_up(server, port, folder / "server.log")
        yield f"http://127.0.0.1:{port}/v1", str(model)
    finally:
        server.kill()
        server.wait(timeout=30)


def wait_until_up(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.perf_counter() + PATIENCE_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.perf_counter() < until and server.poll() is None:
        try:
            opener.open(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"the server did not come up: {log.read_text(errors='replace')[-2000:]}")


def seen() -> ReviewMoment:
    """A moment with a picture."""
    fine, content = cv2.imencode(".jpg", np.full((36, 64, 3), 90, np.uint8))
    assert fine
    return ReviewMoment(**{**moment(attackers=2).__dict__, "pictures": (content.tobytes(),)})


def test_pictures_and_words_arrive_and_random_weights_give_malformed_answers(
    served: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    url, model = served
    settings = EndpointSettings(endpoint=url, model=model, timeout_s=120.0, retries=0, max_tokens=24)
    provider = OpenAIProvider(settings, {})
    for _ in range(2):
        with pytest.raises(MalformedResponse, match=r"not JSON|not one JSON object"):
            provider.judge(seen())
    provider.close()


def test_a_short_time_out_holds_against_it_too(served: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    url, model = served
    settings = EndpointSettings(endpoint=url, model=model, timeout_s=0.02, retries=1, backoff_s=0.01)
    provider = OpenAIProvider(settings, {})
    begun_s = time.perf_counter()
    with pytest.raises(ProviderError, match="no answer within"):
        provider.judge(seen())
    assert provider.num_calls == 2
    assert time.perf_counter() - begun_s < 20
    provider.close()


@pytest.mark.usefixtures("working_folder")
def test_a_model_that_talks_nonsense_ends_the_command_that_examines_models_with_exit_code_2(
    served: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    url, model = served
    flags = ["--endpoint", url, "--model", model, "--moments", "3", "--timeout-s", "120"]
    assert main(["critic", "evaluate", *flags]) == 2
    shown = capsys.readouterr()
    out = " ".join(shown.out.split())
    assert "0 of 3 moments were answered" in out and "3 malformed, 0 not at all" in out
    assert "not JSON" in out or "not one JSON object" in out
    assert "gave no usable answer" in " ".join(shown.err.split())
    assert not Path("critic.png").exists()


def test_a_model_that_the_server_does_not_have_is_no_opinion(
    served: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    url, _ = served
    provider = OpenAIProvider(EndpointSettings(endpoint=url, model="no/such-model", retries=0), {})
    with pytest.raises(ProviderError, match=r"no/such-model|the server answered"):
        provider.judge(seen())
    provider.close()
