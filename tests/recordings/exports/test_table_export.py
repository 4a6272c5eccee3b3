import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.named_readings import named
from tests.support.synthetic_episodes import made_up
from understudy.contract.errors import RecordingError
from understudy.recordings.episode import Episode
from understudy.recordings.exports.table_export import export_episode
from understudy.worlds.simulator.engine.readings import HP


def readable() -> Episode:
    """Made-up ticks whose numbers are numbers, with one unknown reading."""
    episode = made_up(15)
    for name in ("hp", "x", "y"):
        named(episode.observations["tracks"], name)[...] = np.arange(300).reshape(15, 20) / 300
    episode.observations["player"]["gauges"][..., HP] = 0.5
    episode.observations["player"]["gauges"][..., HP][3] = np.nan
    return episode


def test_npz_holds_every_column_and_the_description(tmp_path: Path) -> None:
    episode = readable()
    export_episode(episode, tmp_path / "one.npz")
    with np.load(tmp_path / "one.npz", allow_pickle=False) as arrays:
        assert arrays["observation.tracks.x"].tolist() == episode.observations["tracks"]["x"].tolist()
        assert arrays["input.time_s"].tolist() == [event.time_s for event in episode.inputs]
        assert json.loads(str(arrays["info"]))["pilot"] == "person"


def test_csv_has_a_row_a_tick_and_an_empty_cell_for_the_unknown(tmp_path: Path) -> None:
    episode = readable()
    export_episode(episode, tmp_path / "one.csv")
    with (tmp_path / "one.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 15
    assert [row["observation.player.gauges.0"] for row in rows[2:5]] == ["0.5", "", "0.5"]
    assert float(rows[7]["observation.tracks.x.4"]) == episode.observations["tracks"]["x"][7, 4]
    assert float(rows[9]["observation.time_s"]) == episode.observations["time_s"][9]


def test_json_lines_have_the_description_first_and_null_for_the_unknown(tmp_path: Path) -> None:
    episode = readable()
    export_episode(episode, tmp_path / "one.jsonl")
    first, *rows = (tmp_path / "one.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["info"]["profile"]["name"] == "darkorbit"
    assert len(rows) == 15
    assert json.loads(rows[3])["observation.player.gauges"][0] is None
    assert json.loads(rows[4])["observation.tracks.y"] == episode.observations["tracks"]["y"][4].tolist()


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"expected one of \.npz"):
        export_episode(made_up(3), tmp_path / "one.xlsx")


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".jsonl", ".pkl", ".mcap"])
def test_a_recording_without_a_tick_is_exported_too(tmp_path: Path, suffix: str) -> None:
    export_episode(made_up(0), tmp_path / f"one{suffix}")
    assert (tmp_path / f"one{suffix}").stat().st_size > 0


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".jsonl"])
def test_an_export_that_fails_leaves_nothing_behind(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"one{suffix}").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  the words differ by system
        export_episode(readable(), tmp_path / f"one{suffix}")
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
