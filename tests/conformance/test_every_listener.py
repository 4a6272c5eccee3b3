"""What every Listener must keep to. A new listener is done when its row is added here and passes."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.small_policies import write_brain
from understudy.contract.protocols import Listener, Step
from understudy.learning.shadow.listener import ShadowTrainer
from understudy.recordings.episode import describe
from understudy.recordings.recorder import Recorder
from understudy.runtime.session import Session
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([7], np.uint64)


def shadow_trainer(folder: Path) -> ShadowTrainer:
    executor = write_brain(folder / "models") / "executor"
    return ShadowTrainer(executor, load_profile(), logs=folder / "logs", recordings=folder / "none", niceness=0)


LISTENERS: dict[str, Callable[[Path], Listener]] = {
    "recorder": lambda folder: Recorder(folder / "session.mcap", describe(load_profile(), pilot="teacher:hunter")),
    "shadow trainer": shadow_trainer,
}
every_listener = pytest.mark.parametrize("make_listener", LISTENERS.values(), ids=LISTENERS.keys())


class Watch:
    """Stands before another listener: times it and checks that it leaves the step as it was."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.seconds: list[float] = []

    def on_step(self, step: Step) -> None:
        before = contents(step)
        started_s = time.perf_counter()
        self.listener.on_step(step)
        self.seconds.append(time.perf_counter() - started_s)
        assert contents(step) == before

    def close(self) -> None:
        self.listener.close()


def contents(step: Step) -> bytes:
    parts = (step.observation.records, step.action.records, step.intent.records, step.actors)
    return b"".join(part.tobytes() for part in parts)


def play(listener: Listener, num_ticks: int) -> None:
    Session(Simulator(SEEDS), Teacher("hunter", load_profile()), [listener], seeds=SEEDS).run(num_ticks)


@every_listener
def test_it_never_holds_up_the_control_thread_and_leaves_the_step_alone(
    make_listener: Callable[[Path], Listener], tmp_path: Path
) -> None:
    watch = Watch(make_listener(tmp_path))
    assert isinstance(watch.listener, Listener)
    play(watch, num_ticks=600)
    assert len(watch.seconds) == 600
    assert np.median(watch.seconds) < 0.005  # a tenth of a tick; the machine may be busy, so not the slowest one


@every_listener
def test_nothing_of_it_runs_on_after_the_session(make_listener: Callable[[Path], Listener], tmp_path: Path) -> None:
    before = set(threading.enumerate())
    play(make_listener(tmp_path), num_ticks=40)
    assert set(threading.enumerate()) == before


@every_listener
def test_a_session_without_a_single_tick_closes_well(make_listener: Callable[[Path], Listener], tmp_path: Path) -> None:
    play(make_listener(tmp_path), num_ticks=0)
