"""What a recording costs: time a tick, bytes an hour, reading back, and what kill -9 loses. About a minute.

    python benchmarks/recording.py

Times are CPU seconds, so other work on the machine hardly counts; the loss at kill -9 is measured in real time.
"""

import argparse
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from fuzz_recordings import rewrite
from smallest import flags, require

from understudy.cli.record import record_teacher
from understudy.contract.action import Action
from understudy.contract.intent import no_intent
from understudy.contract.observation import Observation
from understudy.contract.protocols import InputEvent, Step
from understudy.recordings.episode import Episode
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import read_episode, write_episode

STYLES = ("hunter", "kiter", "careful")
TO_BE_KILLED = "--to-be-killed"


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of each style")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=4)
    asked = parser.parse_args(flags("--minutes", "4", "--kills", "2", "--repeats", "1"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record_teacher("hunter", 0.1, 1, folder / "warm", sessions=1)  # compiles
        for style in STYLES:
            paths = record_in_bulk(style, asked.minutes, folder / style)
        read_back(paths)
        episode = read_episode(paths[0])[:6000]
        read_sizes(episode, folder, asked.minutes, asked.repeats)
        listen(episode, folder / "live.mcap", asked.repeats, mouse_hz=0)
        listen(episode, folder / "mouse.mcap", asked.repeats, mouse_hz=125)
        pickle_size(episode, folder / "guide.pkl")
        kill(folder, paths[0], asked.kills)


def record_in_bulk(style: str, minutes: float, folder: Path) -> list[Path]:
    """So much of a teacher's play; an hour comes in twelve sessions."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    paths = record_teacher(style, minutes, 0, folder)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    print(f"record {minutes:g} minutes of {style}: {cpu_s:.1f} s CPU, {wall_s:.1f} s on the clock, {megabytes:.1f} MB")
    return paths


def read_back(paths: list[Path]) -> None:
    """The same hour, read."""
    cpu_s = time.process_time()
    ticks = sum(len(read_episode(path)) for path in paths)
    print(f"read {ticks} ticks back: {time.process_time() - cpu_s:.2f} s CPU")


def read_sizes(episode: Episode, folder: Path, minutes: float, repeats: int) -> None:
    """Some minutes and their multiples, as they are written and as another tool writes them: in order of time."""
    for times in (1, 2, 4, 8):
        path, other = folder / f"{times}.mcap", folder / f"{times}_other.mcap"
        observations = np.concatenate([episode.observations] * times)
        observations["time_s"] = np.arange(len(observations)) / 20
        actions, actors = (np.concatenate([part] * times) for part in (episode.actions, episode.actors))
        write_episode(replace(episode, observations=observations, actions=actions, actors=actors, inputs=()), path)
        rewrite(path, other, chunk_size=2**22)
        print(
            f"read {times * minutes:g} minutes: {read_s(path, repeats):.3f} s CPU, rewritten by another tool in chunks "
            f"of 4 MB {read_s(other, repeats):.3f} s"
        )


def read_s(path: Path, repeats: int) -> float:
    """CPU seconds to read a recording, the best of `repeats`."""
    found = []
    for _ in range(repeats):
        before_s = time.process_time()
        read_episode(path)
        found.append(time.process_time() - before_s)
    return min(found)


def listen(episode: Episode, path: Path, repeats: int, mouse_hz: int) -> None:
    """A Recorder told of every step of a live session, with a moving mouse or without; the best of some."""
    steps = [step_of(episode, tick, mouse_hz) for tick in range(len(episode))]
    found = min(listen_once(steps, episode, path.with_stem(f"{path.stem}_{number}")) for number in range(repeats))
    both_us, control_us, megabytes = found
    print(
        f"Recorder, {mouse_hz} mouse events a second: {both_us:.1f} us a tick, of them {control_us:.1f} us in the "
        f"control thread, {megabytes:.1f} MB an hour"
    )


def listen_once(steps: list[Step], episode: Episode, path: Path) -> tuple[float, float, float]:
    """Microseconds a tick in both threads and in the control thread, megabytes an hour."""
    recorder = Recorder(path, episode.info, may_wait=True)
    both_s, control_s = time.process_time(), time.thread_time()
    for step in steps:
        recorder.on_step(step)
    control_s = time.thread_time() - control_s
    recorder.close()
    both_s = time.process_time() - both_s
    ticks = len(steps)
    return both_s / ticks * 1e6, control_s / ticks * 1e6, path.stat().st_size / 1e6 / ticks * 72_000


def step_of(episode: Episode, tick: int, mouse_hz: int) -> Step:
    """One recorded tick as a session tells it, with mouse events spread over it."""
    part, count = episode[tick : tick + 1], mouse_hz // 20
    time_s = float(part.observations["time_s"][0])
    x = np.random.default_rng(tick).random(count).tolist()
    inputs = tuple(InputEvent(time_s + number / mouse_hz, "move", "", x[number], 0.5) for number in range(count))
    return Step(tick, Observation(part.observations), Action(part.actions), no_intent(1), part.actors, inputs)


def pickle_size(episode: Episode, path: Path) -> None:
    """The guide's form of the same play."""
    cpu_s = time.process_time()
    write_episode(episode, path)
    written_s = time.process_time() - cpu_s
    read_episode(path)
    per_hour = 72_000 / len(episode)
    print(
        f".pkl: {path.stat().st_size / 1e6 * per_hour:.0f} MB an hour, written in {written_s * per_hour:.2f} s, "
        f"read in {(time.process_time() - cpu_s - written_s) * per_hour:.2f} s"
    )


def kill(folder: Path, source: Path, kills: int) -> None:
    """Kills recording processes at random moments; how much play was told to them but is not on disk."""
    lost_s = []
    paths = [folder / f"killed_{number}.mcap" for number in range(kills)]
    command = [sys.executable, __file__, TO_BE_KILLED, str(source)]
    children = [subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, text=True) for path in paths]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for child, path in zip(children, paths, strict=True):
        time.sleep(random.uniform(0.2, 1.2))
        require(child.poll() is None, f"a recording process has ended by itself with {child.returncode}")
        child.send_signal(signal.SIGKILL)
        told = child.communicate()[0].split("\n")[:-1]
        lost_s.append((int(told[-1]) + 1 - len(read_episode(path))) / 20)
    print(f"kill -9, {kills} times: {max(lost_s):.2f} s lost at most, {statistics.mean(lost_s):.2f} s on average")


def record_until_killed(source: Path, path: Path) -> None:
    """The process that is killed: plays a recording to a Recorder at 20 Hz."""
    episode = read_episode(source)
    steps = [step_of(episode, tick, 0) for tick in range(600)]
    recorder = Recorder(path, episode.info)
    began_s = time.perf_counter()
    for number, step in enumerate(steps):
        time.sleep(max(0.0, began_s + number / 20 - time.perf_counter()))
        recorder.on_step(step)
        print(number, flush=True)


if __name__ == "__main__":
    if TO_BE_KILLED in sys.argv:
        record_until_killed(*map(Path, sys.argv[2:]))
    else:
        main()
