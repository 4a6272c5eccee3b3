import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic_episodes import assert_same, made_up
from understudy.contract.errors import RecordingError
from understudy.contract.game.older_records import OBSERVATION_3, TRACK_3, upgrade_observations
from understudy.recordings import flat_table, mcap_format
from understudy.recordings.mcap_channels import FORMAT_VERSION
from understudy.recordings.mcap_reader import RawRecording, read_raw
from understudy.recordings.migrations import expect_current_dtypes, migrate, migrate_columns
from understudy.recordings.store import repair_recording

TRACK_1 = np.dtype([("pad", "u1", (2,)) if name == "age_ms" else (name, TRACK_3[name]) for name in TRACK_3.names or ()])
OBSERVATION_1 = {"tracks": np.dtype((TRACK_1, (20,)))}
"""What version 1 had otherwise."""
NAMED = {
    "observation.player.hp": lambda columns: columns["observation.player.gauges"][:, 0],
    "observation.player.shield": lambda columns: columns["observation.player.gauges"][:, 1],
    "observation.player.rocket_ready": lambda columns: columns["observation.player.gauges"][:, 2],
    "observation.player.ammo": lambda columns: columns["observation.player.gauges"][:, 3:7],
    "observation.player.ammo_kind": lambda columns: columns["observation.player.selectors"][:, 0],
    "observation.player.laser_on": lambda columns: columns["observation.player.switches"][:, 0],
    "observation.tracks.hp": lambda columns: columns["observation.tracks.gauges"][..., 0],
    "observation.tracks.shield": lambda columns: columns["observation.tracks.gauges"][..., 1],
}
"""Readings with names of their own in older versions, and where they are now."""


FILES = Path(__file__).resolve().parents[1]


def stored(tmp_path: Path) -> Path:
    mcap_format.write(made_up(20), tmp_path / "one.mcap")
    return tmp_path / "one.mcap"


def test_a_recording_of_todays_version_passes_as_it_is(tmp_path: Path) -> None:
    raw = read_raw(stored(tmp_path))
    assert migrate(raw, "one.mcap") is raw
    expect_current_dtypes(raw, "one.mcap")


def test_a_recording_of_a_newer_version_is_refused_and_asks_for_an_update(tmp_path: Path) -> None:
    path = stored(tmp_path)
    key = b"format_version"
    data = path.read_bytes()
    here, newer = str(FORMAT_VERSION).encode(), str(FORMAT_VERSION + 1).encode()
    value_at = data.index(key) + len(key) + 4
    assert data[value_at : value_at + 1] == here
    path.write_bytes(data[:value_at] + newer + data[value_at + 1 :])
    with pytest.raises(RecordingError, match=f"format {FORMAT_VERSION + 1}.*update understudy"):
        mcap_format.read(path)


def test_a_file_of_version_2_holds_what_it_held(tmp_path: Path) -> None:
    """Its records stand in it without CDR's header, and its schemas are JSON. Files of version 1: tests/golden."""
    path = FILES / "recordings" / "data" / "version_2.mcap"
    assert read_raw(path).version == 2
    episode = mcap_format.read(path)
    assert episode.losses == ()
    columns = {**flat_table.columns(episode), **flat_table.input_columns(episode)}
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    for name, stated in expected.items():
        values = NAMED[name](columns) if name in NAMED else columns[name]
        digest = hashlib.sha256(values.tobytes()).hexdigest()[:16]
        assert " ".join(map(str, (*values.shape, digest))) == stated, name
    mcap_format.write(episode, tmp_path / "again.mcap")
    assert read_raw(tmp_path / "again.mcap").version == FORMAT_VERSION
    assert_same(episode, mcap_format.read(tmp_path / "again.mcap"))


@pytest.mark.parametrize(
    "path", [FILES / "recordings" / "data" / "version_2.mcap", FILES / "golden/data/fixtures/recordings/mixed.mcap"]
)
def test_an_older_file_that_was_torn_is_repaired_in_todays_version(tmp_path: Path, path: Path) -> None:
    data = path.read_bytes()
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(data[: len(data) * 2 // 3])
    before = mcap_format.read(torn)
    assert repair_recording(torn)
    assert read_raw(torn).version == FORMAT_VERSION
    assert_same(replace(before, losses=()), mcap_format.read(torn))


def test_an_older_recording_takes_every_step_in_turn() -> None:
    def first(raw: RawRecording) -> RawRecording:
        raw.arrays["/x"] = raw.arrays["/x"] + 1
        return raw

    def second(raw: RawRecording) -> RawRecording:
        return RawRecording(version=raw.version, info=raw.info, arrays={"/x": raw.arrays["/x"] * 10})

    raw = RawRecording(version=3, arrays={"/x": np.array([1, 2])})
    lifted = migrate(raw, "old.mcap", migrations={3: first, 4: second}, current=5)
    assert lifted.version == 5
    assert lifted.arrays["/x"].tolist() == [20, 30]


def test_an_older_recording_without_a_step_is_refused() -> None:
    with pytest.raises(RecordingError, match="format 0, from which no step"):
        migrate(RawRecording(version=0), "old.mcap")


def test_a_layout_that_its_version_does_not_have_is_refused_by_channel(tmp_path: Path) -> None:
    raw = read_raw(stored(tmp_path))
    raw.arrays["/action"] = raw.arrays["/action"].view([("a", "f8"), ("b", "f8")])
    with pytest.raises(RecordingError, match="/action"):
        expect_current_dtypes(raw, "one.mcap")


def test_a_recording_of_version_1_has_tracks_without_age(tmp_path: Path) -> None:
    raw = read_raw(stored(tmp_path))
    now = np.zeros(20, OBSERVATION_3)
    now["tracks"]["id"], now["player"]["hp"] = 7, 0.5
    before = np.dtype([(name, OBSERVATION_1.get(name, now.dtype[name])) for name in now.dtype.names])
    now["tracks"]["age_ms"] = 513  # the two bytes were never written to
    lifted = migrate(RawRecording(version=1, info=raw.info, arrays={"/observation": now.view(before)}), "old.mcap")
    assert lifted.version == FORMAT_VERSION
    assert not lifted.arrays["/observation"]["tracks"]["age_ms"].any()
    now["tracks"]["age_ms"] = 0
    assert lifted.arrays["/observation"].tobytes() == upgrade_observations(now).tobytes()


def test_a_pickle_of_version_1_has_tracks_without_age() -> None:
    numbers = np.ones((3, 20), np.int32)
    assert not migrate_columns({"observation.tracks.id": numbers}, 1)["observation.tracks.age_ms"].any()
    assert "observation.tracks.age_ms" not in migrate_columns({"observation.tracks.id": numbers}, 2)
