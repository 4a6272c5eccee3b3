import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.synthetic_episodes import assert_same, made_up
from understudy.contract.errors import HostileRecordingError, RecordingError, WireError
from understudy.recordings import pickle_format


def without_pads(episode: Any) -> Any:
    """Padding bytes are no data: a pickle leaves them out."""
    for name in ("player", "tracks"):
        episode.observations[name]["pad"] = 0
    return episode


@pytest.mark.parametrize("with_intents", [False, True])
def test_what_is_written_is_read_back(tmp_path: Path, with_intents: bool) -> None:
    episode = without_pads(made_up(40, with_intents=with_intents))
    pickle_format.write(episode, tmp_path / "one.pkl")
    read = pickle_format.read(tmp_path / "one.pkl")
    assert [path.name for path in tmp_path.iterdir()] == ["one.pkl"]
    assert read.observations["time_s"].tobytes() == episode.observations["time_s"].tobytes()
    assert_same(episode, read)


def test_anyones_pickle_load_finds_plain_builtins_and_arrays(tmp_path: Path) -> None:
    pickle_format.write(made_up(40), tmp_path / "one.pkl")
    plain = pickle.loads((tmp_path / "one.pkl").read_bytes())
    assert type(plain) is dict
    assert plain["info"]["pilot"] == "person"
    assert all(type(array) is np.ndarray and array.dtype.names is None for array in plain["arrays"].values())
    assert plain["arrays"]["observation.tracks.x"].shape == (40, 20)


def rewritten(tmp_path: Path, change: Any) -> Path:
    pickle_format.write(made_up(10), tmp_path / "one.pkl")
    plain = pickle.loads((tmp_path / "one.pkl").read_bytes())
    change(plain)
    (tmp_path / "one.pkl").write_bytes(pickle.dumps(plain, protocol=4))
    return tmp_path / "one.pkl"


def test_a_newer_pickle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="format 2"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain.update(format_version=2)))


def test_a_pickle_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain.pop("format")))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"action\.cursor_x"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain["arrays"].pop("action.cursor_x")))


def test_a_column_of_the_wrong_length_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"observation\.player\.hp has shape \(3,\), expected \(10,\)"):
        pickle_format.read(
            rewritten(
                tmp_path, lambda plain: plain["arrays"].update({"observation.player.hp": np.zeros(3, np.float32)})
            )
        )


def test_a_setting_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="unknown key 'colour'"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain["info"].update(colour="red")))


def test_a_hostile_pickle_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(HostileRecordingError, match=r"evil\.pkl .* nothing of it was run.*os\.system"):
        pickle_format.read(tmp_path / "evil.pkl")
