"""Recordings are encoded once, into a cache that any kill, tear or hostile file leaves usable."""

import dataclasses
import io
import logging
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.record import record_teacher
from understudy.contract.action import Actor
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.cached_dataset import load_cached_dataset
from understudy.learning.data.cache.cached_episodes import CachedEpisodes
from understudy.learning.data.cache.entry_file import TornEntryError, read_arrays
from understudy.learning.data.cache.episode_entry import SPEC, read_episode_entry
from understudy.learning.data.dataset import Dataset, load_dataset
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.recordings.store import read_episode, write_episode

HALF_STEP = 2.0**-11
"""Largest relative error of half precision."""
PROGRAM = """
import sys
from pathlib import Path
from understudy.learning.data.cache.cache_folder import EpisodeCache
from understudy.learning.data.cache.cached_dataset import load_cached_dataset
load_cached_dataset(Path(sys.argv[1]), EpisodeCache(Path(sys.argv[2])), lambda done, total: print(done, flush=True))
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    record_teacher("hunter", 8.0, 3, folder, sessions=6)
    return folder


@pytest.fixture(scope="module")
def made(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Path]:
    """The recordings in a cache, which tests copy before they change it."""
    root = tmp_path_factory.mktemp("cache")
    return load_cached_dataset(recordings, EpisodeCache(root)), root


def same_episode(cached: LabelledEpisode, plain: LabelledEpisode) -> bool:
    for name in ("context", "tracks", "landmarks"):
        np.testing.assert_allclose(getattr(cached.encoded, name), getattr(plain.encoded, name), HALF_STEP, 1e-7)
    np.testing.assert_allclose(cached.labels.future_summary, plain.labels.future_summary, HALF_STEP, 1e-7)
    pairs = [
        (cached.encoded.kinds, plain.encoded.kinds),
        (cached.observation.records, plain.observation.records),
        *((getattr(cached.labels, name), getattr(plain.labels, name)) for name in ("modes", "targets", "routes")),
        (cached.labels.gestures, plain.labels.gestures),
        *(
            (getattr(cached, name), getattr(plain, name))
            for name in ("actions", "can_start_gesture", "gesture_index", "targets", "positions", "key_onsets")
        ),
        (cached.keys_down, plain.keys_down),
        (cached.taught_ticks, plain.taught_ticks),
    ]
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def same_dataset(cached: Dataset, plain: Dataset) -> bool:
    assert (cached.data_hash, cached.hours, cached.split_description) == (
        plain.data_hash, plain.hours, plain.split_description)  # fmt: skip
    assert (cached.num_filled, cached.profile) == (plain.num_filled, plain.profile)
    for name in ("train", "validation"):
        pairs = zip(getattr(cached, name), getattr(plain, name), strict=True)
        assert all(same_episode(one, other) for one, other in pairs)
    return True


def test_episodes_of_the_cache_are_those_of_the_recordings(recordings: Path, made: tuple[Dataset, Path]) -> None:
    assert same_dataset(made[0], load_dataset(recordings))


def test_the_ends_of_too_few_sessions_are_held_out_alike(recordings: Path, tmp_path: Path) -> None:
    first = min(recordings.iterdir())
    episode = read_episode(first)
    whole = tmp_path / "recordings"
    shutil.copytree(recordings, whole)
    for path in sorted(whole.iterdir())[1:]:
        path.unlink()
    longer = [read_episode(path) for path in sorted(recordings.iterdir())]
    observations = np.concatenate([each.observations for each in longer])
    observations["time_s"] = np.arange(len(observations)) / 20.0
    write_episode(
        dataclasses.replace(
            episode,
            observations=observations,
            actions=np.concatenate([each.actions for each in longer]),
            actors=np.concatenate([each.actors for each in longer]),
            intents=None,
        ),
        whole / first.name,
    )
    cached = load_cached_dataset(whole, EpisodeCache(tmp_path / "cache"))
    assert "Too few sessions" in cached.split_description
    assert same_dataset(cached, load_dataset(whole))


def test_shared_control_and_missed_ticks_are_masked_alike(recordings: Path, tmp_path: Path) -> None:
    shutil.copytree(recordings, tmp_path / "recordings")
    for number, path in enumerate(sorted((tmp_path / "recordings").iterdir())[:2]):
        episode = read_episode(path)
        if number == 0:
            episode.actors[: len(episode) // 2] = Actor.POLICY
            write_episode(episode, path)
        else:
            kept = np.arange(len(episode)) % 97 != 0
            write_episode(
                dataclasses.replace(
                    episode,
                    observations=episode.observations[kept],
                    actions=episode.actions[kept],
                    actors=episode.actors[kept],
                    intents=None,
                ),
                path,
            )
    cached = load_cached_dataset(tmp_path / "recordings", EpisodeCache(tmp_path / "cache"))
    assert cached.num_filled > 0
    assert same_dataset(cached, load_dataset(tmp_path / "recordings"))


def test_a_second_start_writes_nothing(recordings: Path, made: tuple[Dataset, Path]) -> None:
    before = {path: path.stat().st_mtime_ns for path in made[1].rglob("*.npz")}
    told: list[tuple[int, int]] = []
    again = load_cached_dataset(recordings, EpisodeCache(made[1]), lambda done, total: told.append((done, total)))
    assert told == [(6, 6)] and again.data_hash == made[0].data_hash
    assert {path: path.stat().st_mtime_ns for path in made[1].rglob("*.npz")} == before


def test_a_changed_recording_is_encoded_again(recordings: Path, tmp_path: Path) -> None:
    shutil.copytree(recordings, tmp_path / "recordings")
    cache = EpisodeCache(tmp_path / "cache")
    before = load_cached_dataset(tmp_path / "recordings", cache)
    path = min((tmp_path / "recordings").iterdir())
    write_episode(read_episode(path)[:1000], path)
    after = load_cached_dataset(tmp_path / "recordings", EpisodeCache(tmp_path / "cache"))
    assert after.data_hash != before.data_hash and after.hours < before.hours


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_torn_entry_is_made_again(
    recordings: Path, made: tuple[Dataset, Path], tmp_path: Path, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(made[1], tmp_path / "cache")
    entry = min((tmp_path / "cache").rglob("expert_*.npz"))
    whole = entry.read_bytes()
    entry.write_bytes(whole[:length])
    dataset = load_cached_dataset(recordings, EpisodeCache(tmp_path / "cache"))
    assert len(entry.read_bytes()) == len(whole)
    assert same_dataset(dataset, made[0])


def test_an_entry_that_is_damaged_during_training_is_made_again(
    recordings: Path, made: tuple[Dataset, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(made[1], tmp_path / "cache")
    dataset = load_cached_dataset(recordings, EpisodeCache(tmp_path / "cache"))
    assert isinstance(dataset.train, CachedEpisodes)
    entry = dataset.train.stretches[0].entry(dataset.train.cache)
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 255  # of the same length: only the checksum tells
    entry.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert same_episode(dataset.train[0], made[0].train[0])
    assert "made again" in caplog.text


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/understudy-was-run",)


def npy(header: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content


@pytest.mark.parametrize(
    "content",
    [
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", pickle.dumps([_Hostile()])),
        npy("{'descr': '<f2', 'fortran_order': False, 'shape': (4000000000, 283), }\n"),
        npy("{'descr': '<f2', 'fortran_order': False, 'shape': (-1, 283), }\n"),
        npy("{'descr': '<f2', 'fortran_order': True, 'shape': (0, 283), }\n"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 283), }\n"),
        npy("__import__('os')\n"),
        b"nothing",
        b"",
    ],
)
def test_a_hostile_entry_is_refused(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "entry.npz", "w") as archive:
        archive.writestr("context.npy", content)
    with pytest.raises(TornEntryError, match=r"entry\.npz"):
        read_arrays(tmp_path / "entry.npz", SPEC, ["context"])


def test_an_entry_that_would_unpack_to_more_than_its_size_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "entry.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("context.npy", bytes(10_000_000))
    with pytest.raises(TornEntryError, match="compressed"):
        read_arrays(tmp_path / "entry.npz", SPEC, ["context"])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("slots", lambda values: values + 30),
        ("targets", lambda values: values + 100),
        ("num_tracks", lambda values: values[:-1]),
        ("gestures", lambda values: _moved(values)),
        ("observations", lambda values: values[: len(values) // 2]),
    ],
)
def test_an_entry_with_wrong_numbers_is_refused(
    made: tuple[Dataset, Path], tmp_path: Path, name: str, change: object
) -> None:
    source = min(made[1].rglob("expert_*.npz"))
    with np.load(source) as found:
        arrays = dict(found)
    arrays[name] = change(arrays[name])  # type: ignore[operator]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    (tmp_path / "entry.npz").write_bytes(buffer.getvalue())
    with pytest.raises(TornEntryError, match=r"entry\.npz"):
        read_episode_entry(tmp_path / "entry.npz")


def _moved(gestures: np.ndarray) -> np.ndarray:
    gestures["onset"] += 10**6
    return gestures


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_kill_while_it_is_made_costs_only_what_was_not_made(
    recordings: Path, made: tuple[Dataset, Path], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    command = [sys.executable, "-c", PROGRAM, str(recordings), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        while int(maker.stdout.readline()) < 2:
            pass
        maker.send_signal(signal.SIGKILL)
    before = {path for path in cache.rglob("*.npz") if path.with_suffix(".json").exists()}
    times = {path: path.stat().st_mtime_ns for path in before}
    assert 2 <= len(before) <= 6
    assert same_dataset(load_cached_dataset(recordings, EpisodeCache(cache)), made[0])
    assert {path: path.stat().st_mtime_ns for path in before} == times


def test_clearing_deletes_the_cache_and_nothing_else(made: tuple[Dataset, Path], tmp_path: Path) -> None:
    shutil.copytree(made[1], tmp_path / "cache")
    other = tmp_path / "cache" / "mine" / "notes"
    other.mkdir(parents=True)
    (other / "text.txt").write_text("kept")
    cache = EpisodeCache(tmp_path / "cache")
    assert cache.clear(unused_days=1.0) == (0, 0)
    num, num_bytes = cache.clear()
    assert num == 6 and num_bytes > 1e6
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["text.txt"]


def test_what_was_not_used_for_long_is_swept_when_something_new_is_made(
    recordings: Path, made: tuple[Dataset, Path], tmp_path: Path
) -> None:
    shutil.copytree(made[1], tmp_path / "cache")
    cache = EpisodeCache(tmp_path / "cache")
    first, *others = [entry.folder for entry in cache.entries()]
    long_ago_s = time.time() - 100 * 86400.0
    os.utime(first, (long_ago_s, long_ago_s))
    (others[0] / ".left.1234.partial").touch()
    os.utime(others[0] / ".left.1234.partial", (long_ago_s, long_ago_s))
    cache.sweep()
    assert not first.exists() and all(folder.exists() for folder in others)
    assert not (others[0] / ".left.1234.partial").exists()
