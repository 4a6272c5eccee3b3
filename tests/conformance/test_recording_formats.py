"""What every format of recordings has to do; a new one is done when its suffix stands in the list."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic_episodes import assert_same, made_up
from understudy.contract.errors import RecordingError
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode, write_episode
from understudy.worlds.simulator.engine.readings import HP

every_format = pytest.mark.parametrize("suffix", [".mcap", ".pkl"])


def without_padding(episode: Episode) -> Episode:
    """Padding is no data, a format need not keep it."""
    episode.observations["player"]["pad"] = 0
    return episode


@every_format
@pytest.mark.parametrize("with_intents", [False, True])
def test_an_episode_comes_back_bit_for_bit(tmp_path: Path, suffix: str, with_intents: bool) -> None:
    episode = without_padding(made_up(70, with_intents=with_intents, with_timings=with_intents))
    write_episode(episode, tmp_path / f"one{suffix}")
    read = read_episode(tmp_path / f"one{suffix}")
    assert_same(episode, read)
    assert read.losses == ()


@every_format
def test_unknown_readings_stay_unknown(tmp_path: Path, suffix: str) -> None:
    episode = without_padding(made_up(10))
    episode.observations["player"]["gauges"][..., HP] = np.nan
    write_episode(episode, tmp_path / f"one{suffix}")
    assert np.isnan(read_episode(tmp_path / f"one{suffix}").observations["player"]["gauges"][..., HP]).all()


@every_format
def test_an_older_file_of_that_name_is_replaced_and_nothing_else_is_left(tmp_path: Path, suffix: str) -> None:
    write_episode(made_up(30), tmp_path / f"one{suffix}")
    write_episode(made_up(12), tmp_path / f"one{suffix}")
    assert len(read_episode(tmp_path / f"one{suffix}")) == 12
    assert find_recordings(tmp_path) == list(tmp_path.iterdir()) == [tmp_path / f"one{suffix}"]


@every_format
def test_a_failed_write_leaves_the_older_file_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"one{suffix}"
    write_episode(made_up(30), path)
    before = path.read_bytes()
    not_text = InputEvent(1000.0, "press", "\ud800", 0.5, 0.5)
    broken = dataclasses.replace(made_up(12), inputs=(not_text,))
    with pytest.raises(UnicodeEncodeError):
        write_episode(broken, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@every_format
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_off_file_is_read_with_a_statement_or_refused_in_a_sentence(
    tmp_path: Path, suffix: str, keep: float
) -> None:
    path = tmp_path / f"one{suffix}"
    write_episode(made_up(100), path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    try:
        said = " ".join(read_episode(path).losses)
    except RecordingError as problem:
        said = str(problem)
    assert said


@every_format
def test_a_description_with_an_unknown_key_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"one{suffix}"
    write_episode(made_up(5), path)
    known, unknown = b"tick_rate_hz", b"tick_rate_kz"
    data = path.read_bytes()
    assert known in data
    path.write_bytes(data.replace(known, unknown))
    with pytest.raises(RecordingError, match="tick_rate_kz"):
        read_episode(path)
