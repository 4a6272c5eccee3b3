"""A studio over a folder of a test, asked without a network; and as a server of its own for a real browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from starlette.testclient import TestClient

from tests.support.teacher_play import PROFILE, teacher_play
from understudy.cli.studio.forms import forms_of
from understudy.contract.action import Actor
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode, describe
from understudy.recordings.store import write_episode
from understudy.studio.app import make_app
from understudy.studio.server import serve
from understudy.studio.settings import StudioSettings

PORT, TOKEN = 8420, "the-token-of-the-tests"
ORIGIN = f"http://127.0.0.1:{PORT}"


def settings_in(folder: Path) -> StudioSettings:
    """The studio's folders below a folder of a test, with the forms of the command line."""
    folders = {"models": folder / "models", "recordings": folder / "recordings", "logs": folder / "logs"}
    folders["corrections"] = folder / "corrections"
    return StudioSettings(
        **folders, evaluation=folder / "evaluation", discovery=folder / "discovery", forms=forms_of(**folders)
    )


@contextmanager
def studio_client(folder: Path, *, with_token: bool = True) -> Iterator[TestClient]:
    """A client of a studio; with the token's cookie unless it is left out."""
    app = make_app(settings_in(folder), TOKEN, PORT)
    with TestClient(app, base_url=ORIGIN, headers={"origin": ORIGIN}, follow_redirects=False) as client:
        if with_token:
            assert client.get(f"/?token={TOKEN}").status_code == 303
        yield client


def taught_session(path: Path, num_ticks: int = 1200, world: int = 0) -> Path:
    """A recording of the teacher's play in which the person has pressed F2 after ten seconds."""
    play = teacher_play()[world]
    times = play.observation.records["time_s"][:num_ticks]
    episode = Episode(
        info=describe(PROFILE, pilot="teacher:hunter", seed=world, simulated_time=True),
        observations=play.observation.records[:num_ticks].copy(),
        actions=play.actions[:num_ticks].copy(),
        actors=np.full(num_ticks, Actor.TEACHER, np.int8),
        inputs=(InputEvent(float(times[200]), "mark", "wrong", 0.3, 0.4),),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_episode(episode, path)
    return path


@contextmanager
def served_studio(folder: Path) -> Iterator[str]:
    """A studio on a free port of loopback; yields the address with its token."""
    addresses: list[str] = []
    servers: list[uvicorn.Server] = []
    thread = threading.Thread(
        target=serve, args=(settings_in(folder), 0, addresses.append, servers.append), daemon=True
    )
    thread.start()
    until = time.perf_counter() + 30
    while not servers and time.perf_counter() < until:
        time.sleep(0.02)
    yield addresses[0]
    servers[0].should_exit = True
    thread.join(30)
    assert not thread.is_alive()
