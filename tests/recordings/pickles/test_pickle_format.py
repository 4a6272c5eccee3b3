import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.synthetic_episodes import assert_same, made_up
from understudy.contract.errors import HostileRecordingError, RecordingError, WireError
from understudy.recordings.mcap_channels import FORMAT_VERSION
from understudy.recordings.pickles import pickle_format
from understudy.recordings.store import read_episode


def without_pads(episode: Any) -> Any:
    """Padding bytes are no data: a pickle leaves them out."""
    episode.observations["player"]["pad"] = 0
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
    with pytest.raises(RecordingError, match=f"pickle of format {FORMAT_VERSION + 1}"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain.update(format_version=FORMAT_VERSION + 1)))


def test_a_pickle_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain.pop("format")))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"action\.cursor_x"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain["arrays"].pop("action.cursor_x")))


def test_a_column_of_the_wrong_length_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"observation\.player\.x has shape \(3,\), expected \(10,\)"):
        pickle_format.read(
            rewritten(tmp_path, lambda plain: plain["arrays"].update({"observation.player.x": np.zeros(3, np.float32)}))
        )


def test_a_setting_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="unknown key 'colour'"):
        pickle_format.read(rewritten(tmp_path, lambda plain: plain["info"].update(colour="red")))


def test_a_hostile_pickle_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(HostileRecordingError, match=r"evil\.pkl .* nothing of it was run.*os\.system"):
        pickle_format.read(tmp_path / "evil.pkl")


CHANGED = {
    "numbers that do not fit": ("actor", np.full(10, 300)),
    "numbers with a fraction": ("actor", np.full(10, 1.5)),
    "text for numbers": ("observation.time_s", np.full(10, "x")),
    "numbers for text": ("input.kind", np.zeros(4)),
    "text that is too long": ("input.kind", np.full(4, "presspress")),
    "text that is no plain text": ("input.code", np.full(4, "\u2014")),
    "complex numbers": ("action.cursor_x", np.zeros(10, complex)),
    "one number": ("action.cursor_x", np.zeros(())),
    "too many columns": ("observation.tracks.x", np.zeros((10, 21))),
}


@pytest.mark.parametrize(("column", "values"), CHANGED.values(), ids=CHANGED)
def test_a_column_of_something_else_is_refused_by_its_name(tmp_path: Path, column: str, values: np.ndarray) -> None:
    path = rewritten(tmp_path, lambda plain: plain["arrays"].update({column: values}))
    with pytest.raises(RecordingError, match=column.replace(".", r"\.") + "|cannot be read"):
        read_episode(path)


def test_a_column_of_wider_numbers_that_fit_is_taken(tmp_path: Path) -> None:
    def widen(plain: Any) -> None:
        wide = {"i": "i8", "u": "i8", "f": "f8"}
        with np.errstate(invalid="ignore"):  # arbitrary bytes hold every kind of NaN
            plain["arrays"] = {
                name: array.astype(wide.get(array.dtype.kind, array.dtype)) for name, array in plain["arrays"].items()
            }
        del plain["checksum"]

    assert read_episode(rewritten(tmp_path, widen)).losses == ()


def test_a_change_of_a_number_is_noticed_by_the_checksum_which_older_files_lack(tmp_path: Path) -> None:
    def change(plain: Any) -> None:
        plain["arrays"]["observation.time_s"][3] += 1e-6

    assert "checksum" in read_episode(rewritten(tmp_path, change)).losses[0]
    assert read_episode(rewritten(tmp_path, lambda plain: plain.pop("checksum"))).losses == ()


def test_an_entry_that_nobody_knows_is_told(tmp_path: Path) -> None:
    """A changed byte in the name of the checksum would otherwise be a file without one."""
    path = rewritten(tmp_path, lambda plain: plain.update(chacksum=plain.pop("checksum")))
    assert "'chacksum'" in read_episode(path).losses[0]


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "one.pkl").symlink_to(tmp_path / "precious")
    pickle_format.write(made_up(3), tmp_path / "one.pkl")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert len(pickle_format.read(tmp_path / "one.pkl")) == 3
