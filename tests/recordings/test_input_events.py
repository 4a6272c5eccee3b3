import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.mcap_files import chunk, place_of, record
from tests.support.synthetic_episodes import made_up
from understudy.contract.protocols import InputEvent
from understudy.recordings import mcap_format
from understudy.recordings.input_events import InputEvents
from understudy.recordings.mcap_channels import INPUT, INPUTS, inputs_to_records
from understudy.recordings.mcap_chunk import message_records

EVENTS = made_up(30).inputs


def test_events_keep_their_exact_times_and_places() -> None:
    assert InputEvents.of(EVENTS) == EVENTS
    assert list(InputEvents.of(EVENTS)) == list(EVENTS)
    assert InputEvents.of(()) == ()
    assert InputEvents.of(EVENTS)[3] == EVENTS[3]
    assert InputEvents.of(EVENTS)[-1] == EVENTS[-1]
    assert InputEvents.of(EVENTS)[2:5] == EVENTS[2:5]
    assert list(reversed(InputEvents.of(EVENTS))) == list(reversed(EVENTS))


def test_events_are_joined_with_events_and_with_other_sequences() -> None:
    assert InputEvents.of(EVENTS[:4]) + InputEvents.of(EVENTS[4:]) == EVENTS
    assert InputEvents.of(EVENTS[:4]) + EVENTS[4:] == EVENTS
    assert EVENTS[:4] + InputEvents.of(EVENTS[4:]) == EVENTS
    assert InputEvents.of(EVENTS[:4]) != EVENTS


def test_damaged_text_is_escaped_byte_by_byte() -> None:
    records = inputs_to_records([InputEvent(1.0, "press", "left", 0.5, 0.5)])
    damaged = records.copy()
    damaged["code"] = b"l\xfft"
    assert InputEvents(damaged)[0].code == "l\\xfft"


def hostile_file(folder: Path, num_events: int, file_bytes: int) -> tuple[Path, int]:
    """A recording with many equal events in chunks that compress well, padded so that they may unpack.

    Returns:
        The file, and the bytes that its chunks unpack to.
    """
    path = folder / "many.mcap"
    mcap_format.write(replace(made_up(40), inputs=()), path)
    whole = path.read_bytes()
    events = np.zeros(num_events, INPUT)
    events["time_s"], events["kind"] = 1000.0, b"move"
    messages = message_records(INPUTS.id, events, np.arange(num_events), np.zeros(num_events))
    parts = [chunk(part.tobytes()) for part in np.array_split(messages, 8)]
    padding = record(0x80, np.random.default_rng(0).bytes(file_bytes))  # a record of a private kind, left out
    first, _ = place_of(whole, 6)
    path.write_bytes(whole[:first] + b"".join(parts) + padding + whole[first:])
    return path, messages.nbytes


def test_a_file_of_a_million_events_takes_memory_in_proportion_to_what_it_unpacks_to(tmp_path: Path) -> None:
    path, unpacked = hostile_file(tmp_path, 1_000_000, 2_000_000)
    assert path.stat().st_size < 4_000_000
    tracemalloc.start()
    try:
        episode = mcap_format.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(episode), len(episode.inputs)) == (40, 1_000_000)
    assert peak < 4 * unpacked


def test_messages_of_a_hundred_thousand_lengths_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "kinds.mcap"
    mcap_format.write(made_up(40), path)
    whole = path.read_bytes()
    first, _ = place_of(whole, 6)
    head = bytes(22)[2:]
    kinds = [record(5, channel.to_bytes(2, "little") + head) for channel in range(20_000)]
    path.write_bytes(whole[:first] + chunk(b"".join(kinds)) + whole[first:])
    episode = mcap_format.read(path)
    assert len(episode) == 40
    assert "channels and lengths" in episode.losses[0]


@pytest.mark.parametrize("what", [None, "press"])
def test_no_sequence_of_events_is_text(what: object) -> None:
    assert InputEvents.of(()) != what
