"""Data sets that were made to harm: each is refused in one sentence, in bounded memory and time."""

import json
import os
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.contract.errors import RecordingError
from understudy.recordings.exports.lerobot_export import export_lerobot
from understudy.recordings.exports.lerobot_import import import_lerobot
from understudy.recordings.exports.lerobot_layout import INFO_PATH, OWN_PATH, data_path
from understudy.recordings.store import read_episode

pa = pytest.importorskip("pyarrow", reason="pip install 'understudy[datasets]' to test data sets")
pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'understudy[datasets]' to test data sets")

FIXTURES = Path(__file__).resolve().parents[2] / "golden" / "data" / "fixtures" / "recordings"
EPISODE = read_episode(FIXTURES / "teacher_hunter.mcap")[:60]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    export_lerobot([(EPISODE, None)], tmp_path / "set")
    return tmp_path / "set"


def rewrite(dataset: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Writes the rows again after `change` was called with the columns."""
    path = dataset / data_path(0)
    table = pq.read_table(path)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    change(columns)
    pq.write_table(pa.table(columns), path)


def refused(dataset: Path, what: str) -> None:
    with pytest.raises(RecordingError, match=what) as problem:
        list(import_lerobot(dataset))
    assert "\n" not in str(problem.value)


def test_a_few_bytes_that_unpack_to_gigabytes_are_not_unpacked(dataset: Path) -> None:
    num_rows = 60_000_000
    zeros = pa.array(np.zeros(num_rows // 60, np.int64))
    table = pa.table({"action": zeros, "episode_index": zeros})
    with pq.ParquetWriter(dataset / data_path(0), table.schema, compression="zstd") as writer:
        for _ in range(60):
            writer.write_table(table)
    assert (dataset / data_path(0)).stat().st_size < 1_000_000
    tracemalloc.start()
    refused(dataset, "unpacks to")
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


def test_lists_of_a_billion_numbers_are_refused(dataset: Path) -> None:
    kind = pa.list_(pa.float32(), 10**9)
    schema = pa.schema([("action", kind), ("episode_index", pa.int64())])
    pq.write_table(schema.empty_table(), dataset / data_path(0))
    refused(dataset, ".")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("episode_index", ["a"] * 60),
        ("episode_index", [0.5] * 60),
        ("episode_index", [-1] * 60),
        ("episode_index", [None] * 60),
        ("episode_index", [10**15] * 60),
        ("episode_index", [0, 1] * 30),
        ("action", ["bomb"] * 60),
        ("action", [[[1.0]]] * 60),
        ("action", [[1.0] * (number % 3) for number in range(60)]),
        ("actor", [300] * 60),
        ("actor", [[1, 2]] * 60),
        ("time_s", [[0.0, 1.0]] * 60),
        ("time_s", ["noon"] * 60),
        ("known.state", [[1]] * 60),
    ],
)
def test_columns_of_other_types_shapes_and_ranges_are_refused(dataset: Path, column: str, values: Any) -> None:
    rewrite(dataset, lambda columns: columns.update({column: pa.array(values)}))
    refused(dataset, ".")


@pytest.mark.parametrize("number", [1e30, np.inf, 0.5])
def test_a_number_that_does_not_fit_into_its_field_is_refused(dataset: Path, number: float) -> None:
    names = json.loads((dataset / INFO_PATH).read_text(encoding="utf-8"))["features"]["observation.environment_state"]
    place = names["names"].index("tracks.id.0")

    def change(columns: dict[str, Any]) -> None:
        name = "observation.environment_state"
        values = np.stack(columns[name].to_numpy(zero_copy_only=False)).astype(np.float32)
        values[:, place] = number
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])

    rewrite(dataset, change)
    refused(dataset, r"tracks\.id")


def test_ten_thousand_episodes_of_one_tick_take_no_square_of_time(dataset: Path) -> None:
    path, num_rows = dataset / data_path(0), 20_000
    row = pq.read_table(path).slice(0, 1)
    table = pa.concat_tables([row] * num_rows).combine_chunks()
    at = table.schema.get_field_index("episode_index")
    pq.write_table(table.set_column(at, "episode_index", pa.array(np.arange(num_rows))), path)
    refused(dataset, "more than 10000 episodes")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"fps":' + "9" * 5000 + "}", '{"fps": NaN}', '{"fps": -20}', '"\\ud800"']
)
@pytest.mark.parametrize("damaged", [INFO_PATH, OWN_PATH])
def test_json_that_was_made_to_harm_is_refused(dataset: Path, damaged: str, text: str) -> None:
    (dataset / damaged).write_text(text, encoding="utf-8")
    refused(dataset, "no LeRobot data set|is damaged")


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices in folders there")
@pytest.mark.parametrize("damaged", [INFO_PATH, OWN_PATH, data_path(0)])
def test_pipes_devices_and_folders_in_place_of_files_do_not_hang(dataset: Path, damaged: str) -> None:
    place = dataset / damaged
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir):
        place.unlink(missing_ok=True)
        make(place)
        refused(dataset, ".")
    place.rmdir()
    place.symlink_to(dataset / "nowhere")
    refused(dataset, ".")


def test_readings_that_are_not_numbers_stay_unknown(dataset: Path) -> None:
    def change(columns: dict[str, Any]) -> None:
        values = np.stack(columns["action"].to_numpy(zero_copy_only=False)).astype(np.float32)
        values[3, 0] = np.nan
        columns["action"] = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])

    rewrite(dataset, change)
    (episode,) = import_lerobot(dataset)
    assert np.isnan(episode.actions["cursor_x"]).nonzero()[0].tolist() == [3]
