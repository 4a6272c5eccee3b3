"""What writing a recording through the `mcap` package would cost beside our writer. About a minute.

    python benchmarks/mcap_writing.py RECORDING      # of a teacher; without one, some minutes are recorded

The same ticks in blocks of 20, as a recorder appends them, alone and with 120 mouse events a second: CPU microseconds a
tick, smallest, median and largest of the repetitions, and the size of the file.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from mcap.writer import CompressionType, Writer
from smallest import flags, hunter_recordings, require

from understudy.recordings import mcap_channels
from understudy.recordings.episode import Episode
from understudy.recordings.input_events import InputEvents
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.mcap_writer import McapWriter
from understudy.recordings.ros2_schema import CDR_HEADER, schema_text
from understudy.recordings.store import read_episode

BLOCK_TICKS, CHUNK_BYTES, EVENTS_A_TICK = 20, 16 * 1024, 6


def main() -> None:
    """Prints one line for each writer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recording", type=Path, nargs="?")
    parser.add_argument("--ticks", type=int, default=6000)
    parser.add_argument("--repetitions", type=int, default=5)
    asked = parser.parse_args(flags("--ticks", "200", "--repetitions", "1"))
    path = asked.recording or min(hunter_recordings().glob("*.mcap"))
    episode = read_episode(path)[: asked.ticks]
    require(len(episode) > 0, f"{path} holds no tick")
    for what, played in (("no event", episode), ("120 events a second", with_mouse(episode))):
        for name, write in (("ours", write_ours), ("mcap", write_through_package)):
            print(f"{what}, {name}: {cost_of(write, played, asked.repetitions)}")


def with_mouse(episode: Episode) -> Episode:
    """Adds a moving mouse."""
    events = np.zeros(EVENTS_A_TICK * len(episode), mcap_channels.INPUT)
    times_s = episode.observations["time_s"][:, None] + np.arange(EVENTS_A_TICK) / (20 * EVENTS_A_TICK)
    events["time_s"], events["kind"] = times_s.reshape(-1), b"move"
    events["x"], events["y"] = np.random.default_rng(0).random((2, len(events)))
    return replace(episode, inputs=InputEvents(events))


def cost_of(write: Callable[[Episode, Path], None], episode: Episode, repetitions: int) -> str:
    """Writes the episode several times."""
    costs_us = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.mcap"
        for _ in range(repetitions):
            begun_s = time.process_time()
            write(episode, path)
            costs_us.append(1e6 * (time.process_time() - begun_s) / len(episode))
            num_bytes = path.stat().st_size
            path.unlink()
    return f"{min(costs_us):.1f} {statistics.median(costs_us):.1f} {max(costs_us):.1f} us a tick, {num_bytes} bytes"


def write_ours(episode: Episode, path: Path) -> None:
    """Appends block by block, as the recorder does."""
    writer = McapWriter(path, episode.info)
    for start in range(0, len(episode), BLOCK_TICKS):
        part = episode[start : start + BLOCK_TICKS]
        writer.append(part.observations, part.actions, part.actors, part.inputs, part.intents, part.timings)
    writer.close()


def write_through_package(episode: Episode, path: Path) -> None:
    """The same messages, one call each."""
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD)
        writer.start(profile="ros2", library="benchmark")
        numbers = {}
        for channel in mcap_channels.CHANNELS:
            schema = writer.register_schema("understudy/msg/Record", "ros2msg", schema_text(channel.dtype).encode())
            numbers[channel] = writer.register_channel(channel.topic, "cdr", schema)
        for start in range(0, len(episode), BLOCK_TICKS):
            part = episode[start : start + BLOCK_TICKS]
            times = nanoseconds(part.observations["time_s"]).tolist()
            records = {
                mcap_channels.OBSERVATIONS: part.observations,
                mcap_channels.ACTIONS: part.actions,
                mcap_channels.ACTORS: part.actors,
                mcap_channels.INTENTS: part.intents,
            }
            for tick, time_ns in enumerate(times):
                for channel, stored in records.items():
                    if stored is not None:
                        data = CDR_HEADER + stored[tick : tick + 1].tobytes()
                        writer.add_message(numbers[channel], time_ns, data, time_ns, start + tick)
            events = InputEvents.of(part.inputs).records
            for number, time_ns in enumerate(nanoseconds(events["time_s"]).tolist()):
                data = CDR_HEADER + events[number : number + 1].tobytes()
                writer.add_message(numbers[mcap_channels.INPUTS], time_ns, data, time_ns, number)
        writer.finish()


if __name__ == "__main__":
    main()
