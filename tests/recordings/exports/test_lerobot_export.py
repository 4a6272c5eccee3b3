import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.recorded_pictures import needs_pyav, rendered_recording
from understudy.cli.exports.datasets import common_videos
from understudy.contract.errors import RecordingError
from understudy.recordings.episode import Episode
from understudy.recordings.exports import lerobot_layout
from understudy.recordings.exports.lerobot_export import export_lerobot
from understudy.recordings.exports.lerobot_import import import_lerobot
from understudy.recordings.exports.lerobot_layout import INFO_PATH, OWN_PATH, STATS_PATH, data_path
from understudy.recordings.store import read_episode
from understudy.recordings.video.frame_codec import EncodedFrame
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_file_writer import VideoInfo, create_video
from understudy.recordings.video.video_paths import video_path
from understudy.worlds.simulator.engine.readings import HP

pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'understudy[datasets]' to test data sets")

FIXTURES = Path(__file__).resolve().parents[2] / "golden" / "data" / "fixtures" / "recordings"
EPISODES = [read_episode(FIXTURES / "mixed.mcap"), read_episode(FIXTURES / "teacher_hunter.mcap")[:200]]
WITHOUT_PICTURES = [(episode, None) for episode in EPISODES]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    assert export_lerobot(WITHOUT_PICTURES, tmp_path / "set") == (2, sum(map(len, EPISODES)))
    return tmp_path / "set"


def changed(path: Path, change: Any) -> None:
    """Rewrites a JSON file after `change` was called with its value."""
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def assert_played_alike(before: Episode, after: Episode) -> None:
    for name in ("observations", "actions"):
        assert getattr(after, name).tobytes() == getattr(before, name).tobytes()
    assert np.array_equal(after.actors, before.actors)


def test_a_data_set_gives_observations_actions_and_times_back_to_the_bit(dataset: Path) -> None:
    again = list(import_lerobot(dataset))
    assert len(again) == 2
    for before, after in zip(EPISODES, again, strict=True):
        assert after.info == before.info
        assert_played_alike(before, after)


def test_a_data_set_of_another_tool_is_imported_by_a_profile_and_the_names_of_its_numbers(dataset: Path) -> None:
    (dataset / OWN_PATH).unlink()
    with pytest.raises(RecordingError, match="--profile"):
        list(import_lerobot(dataset))
    profile = EPISODES[0].info.profile
    again = list(import_lerobot(dataset, profile))
    assert_played_alike(EPISODES[1], again[1])
    assert again[1].info.profile == profile
    assert again[1].info.perceived


def test_actions_alone_are_imported_as_a_recording_that_is_not_perceived(dataset: Path) -> None:
    (dataset / OWN_PATH).unlink()
    for number in range(2):
        path = dataset / data_path(number)
        pq.write_table(pq.read_table(path, columns=["action", "episode_index"]), path)
    again = list(import_lerobot(dataset, EPISODES[0].info.profile))
    assert np.array_equal(again[0].actions, EPISODES[0].actions)
    assert not again[0].info.perceived
    assert np.isnan(again[0].observations["player"]["gauges"][..., HP]).all(), "unknown"
    assert np.allclose(np.diff(again[0].observations["time_s"]), 1 / 20)


def test_actions_of_a_robot_are_refused(dataset: Path) -> None:
    changed(dataset / INFO_PATH, lambda info: info["features"]["action"]["names"].__setitem__(0, "elbow"))
    with pytest.raises(RecordingError, match="cursor_x"):
        list(import_lerobot(dataset))


def test_the_layout_is_that_of_version_3(dataset: Path) -> None:
    info = json.loads((dataset / INFO_PATH).read_text(encoding="utf-8"))
    tables = [pq.read_table(dataset / data_path(number)) for number in range(2)]
    assert (info["codebase_version"], info["total_episodes"]) == ("v3.0", 2)
    assert info["total_frames"] == sum(map(len, tables))
    assert set(tables[0].column_names) == set(info["features"])
    assert np.concatenate([table["index"] for table in tables]).tolist() == list(range(info["total_frames"]))
    assert np.allclose(tables[1]["timestamp"].to_numpy() * info["fps"], np.arange(200), atol=1e-3)
    assert info["features"]["action"]["names"][:4] == ["cursor_x", "cursor_y", "key.ctrl", "key.space"]
    assert np.isfinite(np.stack(tables[0]["observation.state"].to_numpy())).all(), "unknown readings are 0 and masked"


def test_the_statistics_are_those_of_all_episodes(dataset: Path) -> None:
    stats = json.loads((dataset / STATS_PATH).read_text(encoding="utf-8"))["action"]
    x = np.concatenate([each.actions["cursor_x"] for each in EPISODES]).astype(float)
    for name in ("min", "max", "mean", "std"):
        assert stats[name][0] == pytest.approx(getattr(x, name)(), abs=1e-9), name
    assert stats["count"] == [len(x)]


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RecordingError, match="left as it is"):
        export_lerobot(WITHOUT_PICTURES, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("other", [{"name": "other"}, {"keys": ("q",)}, {"gauges": ()}])
def test_recordings_of_two_games_make_no_one_data_set_and_nothing_is_left(tmp_path: Path, other: Any) -> None:
    info = replace(EPISODES[0].info, profile=replace(EPISODES[0].info.profile, **other))
    with pytest.raises(RecordingError, match="different games"):
        export_lerobot([(EPISODES[0], None), (replace(EPISODES[1], info=info), None)], tmp_path / "set")
    with pytest.raises(RecordingError, match="no tick"):
        export_lerobot([(EPISODES[0][:0], None)], tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"[7]", b"{}"])
@pytest.mark.parametrize("damaged", [INFO_PATH, OWN_PATH, data_path(0)])
def test_what_is_no_data_set_is_refused_in_one_sentence(dataset: Path, damaged: str, content: bytes) -> None:
    (dataset / damaged).write_bytes(content)
    with pytest.raises(RecordingError, match=r"no LeRobot data set|is damaged"):
        list(import_lerobot(dataset))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no LeRobot data set"):
        list(import_lerobot(tmp_path / "nothing"))


def test_buttons_that_are_held_together_come_back_together(tmp_path: Path) -> None:
    episode = EPISODES[0]
    actions = episode.actions.copy()
    actions["button"][:4] = [1, 5, 6, 7]
    export_lerobot([(replace(episode, actions=actions), None)], tmp_path / "set")
    (again,) = import_lerobot(tmp_path / "set")
    assert again.actions["button"][:4].tolist() == [1, 5, 6, 7]


def with_pictures(path: Path, num_ticks: int = 45) -> tuple[Episode, Path]:
    rendered_recording(path, num_ticks)
    return replace(read_episode(path), info=replace(read_episode(path).info, perceived=True)), video_path(path)


def decoded(path: Path) -> tuple[list[float], list[np.ndarray]]:
    """Times and RGB pictures of an MP4 file, as FFmpeg gives them."""
    import av

    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        frames = list(file.decode(video=0))
    return [float(frame.time) for frame in frames], [frame.to_ndarray(format="rgb24") for frame in frames]


@needs_pyav
def test_pictures_become_one_video_with_a_picture_for_each_tick(tmp_path: Path) -> None:
    recordings = [with_pictures(tmp_path / f"{name}.mcap") for name in "ab"]
    export_lerobot(recordings, tmp_path / "set")
    times, pictures = decoded(tmp_path / "set" / lerobot_layout.video_path(1))
    assert np.allclose(times, np.arange(45) / 20, atol=1e-6)
    with RecordedFrames(recordings[1][1]) as frames:
        for number in (0, 17, 44):
            assert np.abs(pictures[number].astype(int) - frames.frame(number)).mean() < 4, "copied, not encoded again"
    info = json.loads((tmp_path / "set" / INFO_PATH).read_text(encoding="utf-8"))
    feature = info["features"][lerobot_layout.PICTURES]
    assert (feature["dtype"], feature["shape"]) == ("video", [720, 1280, 3])
    assert info["video_path"].startswith("videos/{video_key}/chunk-{chunk_index:03d}/")
    listed = pq.read_table(tmp_path / "set" / lerobot_layout.EPISODES_PATH).to_pydict()
    assert listed[f"videos/{lerobot_layout.PICTURES}/file_index"] == [0, 1]
    assert listed[f"videos/{lerobot_layout.PICTURES}/to_timestamp"] == [2.25, 2.25]
    mean = np.array(listed[f"stats/{lerobot_layout.PICTURES}/mean"][0])
    assert mean.shape == (3, 1, 1)
    first = decoded(tmp_path / "set" / lerobot_layout.video_path(0))[1][0]
    assert mean.ravel() == pytest.approx(first.mean((0, 1)) / 255, abs=0.05)
    (again, _) = import_lerobot(tmp_path / "set")
    assert_played_alike(recordings[0][0], again)


@needs_pyav
def test_a_tick_without_a_picture_shows_the_one_before(tmp_path: Path) -> None:
    episode, video = with_pictures(tmp_path / "a.mcap")
    times = episode.observations["time_s"].copy()
    times[[0, 20, 21]] += 0.01  # so no picture has the times of these ticks
    observations = episode.observations.copy()
    observations["time_s"] = times
    export_lerobot([(replace(episode, observations=observations), video)], tmp_path / "set")
    shown, pictures = decoded(tmp_path / "set" / lerobot_layout.video_path(0))
    assert np.allclose(shown, np.arange(45) / 20, atol=1e-6)
    with RecordedFrames(video) as frames:
        for number, stored in ((0, 0), (19, 19), (20, 19), (21, 19), (22, 22)):
            found = [np.abs(pictures[number].astype(int) - frames.frame(other)).mean() for other in range(45)]
            assert int(np.argmin(found)) == stored


@needs_pyav
def test_recordings_with_and_without_pictures_make_no_one_data_set(tmp_path: Path) -> None:
    episode, video = with_pictures(tmp_path / "a.mcap", 5)
    with pytest.raises(RecordingError, match="with and without"):
        export_lerobot([(episode, video), (episode, None)], tmp_path / "set")
    assert not (tmp_path / "set").exists()


@needs_pyav
def test_pictures_that_cannot_be_decoded_are_left_out_with_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    writer = create_video(
        video_path(path), VideoInfo(recording=path.name, encoder="none", video_format="h264", width=64, height=48)
    )
    writer.append(0, 0.0, 0.0, EncodedFrame(bytes(64), is_key=True))
    writer.close()
    sentences: list[str] = []
    assert common_videos([path], sentences.append) == {}
    assert len(sentences) == 1 and "can be decoded: the data set is written without pictures" in sentences[0]
