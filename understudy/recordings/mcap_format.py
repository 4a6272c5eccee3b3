"""Reads and writes episodes as native recordings (MCAP, https://mcap.dev/spec)."""

import functools
from pathlib import Path

import numpy as np

from understudy.contract.intent import no_intent
from understudy.contract.safe_files import replace_file, temporary_beside
from understudy.contract.serialization import from_plain
from understudy.contract.tick_timing import TIMING
from understudy.recordings import mcap_channels
from understudy.recordings.episode import Episode, EpisodeInfo
from understudy.recordings.input_events import InputEvents
from understudy.recordings.mcap_reader import RawRecording, read_raw
from understudy.recordings.mcap_writer import McapWriter
from understudy.recordings.migrations import expect_current_dtypes, migrate


def read(path: Path) -> Episode:
    """Reads one recording, and repairs a torn one in memory; the episode's `losses` list what is missing.

    Raises:
        RecordingError: if it is no recording, or of a newer version or unknown layout.
    """
    raw = migrate(read_raw(path), path.name)
    expect_current_dtypes(raw, path.name)
    ticks, losses = _whole_ticks(raw)
    return Episode(
        info=from_plain(EpisodeInfo, raw.info, path.name),
        observations=_per_tick(raw, mcap_channels.OBSERVATIONS.topic, ticks),
        actions=_per_tick(raw, mcap_channels.ACTIONS.topic, ticks),
        actors=_per_tick(raw, mcap_channels.ACTORS.topic, ticks),
        inputs=_inputs(raw),
        intents=_intents(raw, ticks),
        timings=_timings(raw, ticks),
        losses=(*raw.losses, *losses),
    )


def write(episode: Episode, path: Path) -> None:
    """Writes one episode atomically; replaces an existing file."""
    partial = temporary_beside(path)
    writer = McapWriter(partial, episode.info)
    try:
        writer.append(
            episode.observations, episode.actions, episode.actors, episode.inputs, episode.intents, episode.timings
        )
        writer.close()
        replace_file(partial, path)
    finally:
        writer.abandon()
        partial.unlink(missing_ok=True)


def _whole_ticks(raw: RawRecording) -> tuple[np.ndarray, list[str]]:
    """Returns the complete ticks in order, and one sentence per kind of loss."""
    numbers = [np.unique(raw.sequences[channel.topic]) for channel in mcap_channels.TICK_CHANNELS]
    ticks = functools.reduce(np.intersect1d, numbers)
    if len(ticks) == 0:
        return np.empty(0, np.uint32), ["not one whole tick is in it"]
    losses = []
    total = max(int(ticks[-1]) + 1, raw.num_stated_ticks)
    if total > len(ticks):
        losses.append(f"{total - len(ticks)} of the {total} ticks up to the last are missing")
    stored = [len(raw.sequences[channel.topic]) for channel in mcap_channels.TICK_CHANNELS]
    repeated = sum(stored) - sum(map(len, numbers))
    if repeated:
        losses.append(f"{repeated} messages have the number of an earlier one and were left out")
    return ticks, losses


def _per_tick(raw: RawRecording, topic: str, ticks: np.ndarray) -> np.ndarray:
    """Returns the records of the given ticks, whatever their order in the file."""
    numbers, rows = np.unique(raw.sequences[topic], return_index=True)
    if np.array_equal(rows, np.arange(len(ticks))) and np.array_equal(numbers, ticks):
        return raw.arrays[topic]
    return raw.arrays[topic][rows[np.searchsorted(numbers, ticks)]]


def _inputs(raw: RawRecording) -> InputEvents:
    """Returns input events sorted by time: a bookmark is written seconds after its moment."""
    stored = raw.arrays.get(mcap_channels.INPUTS.topic, np.empty(0, mcap_channels.INPUT))
    return InputEvents(stored[np.argsort(stored["time_s"], kind="stable")])


def _intents(raw: RawRecording, ticks: np.ndarray) -> np.ndarray | None:
    return _where_given(raw, mcap_channels.INTENTS.topic, ticks, no_intent(len(ticks)).records)


def _timings(raw: RawRecording, ticks: np.ndarray) -> np.ndarray | None:
    return _where_given(raw, mcap_channels.TIMINGS.topic, ticks, np.zeros(len(ticks), TIMING))


def _where_given(raw: RawRecording, topic: str, ticks: np.ndarray, otherwise: np.ndarray) -> np.ndarray | None:
    """Returns an optional channel's records, `otherwise` in ticks without a message; None without any message."""
    stored = raw.arrays.get(topic)
    if stored is None or len(stored) == 0 or len(ticks) == 0:
        return None
    numbers = raw.sequences[topic]
    places = np.searchsorted(ticks, numbers)
    known = (places < len(ticks)) & (ticks[np.minimum(places, len(ticks) - 1)] == numbers)
    otherwise[places[known]] = stored[known]
    return otherwise
