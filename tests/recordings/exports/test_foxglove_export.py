from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.reader import make_reader

from tests.support.recorded_pictures import byte_pictures, record
from tests.support.synthetic_episodes import assert_same
from understudy.recordings.exports.foxglove_export import export_foxglove
from understudy.recordings.store import find_recordings, read_episode
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_reader import VideoReader

FIXTURES = Path(__file__).resolve().parents[2] / "golden" / "data" / "fixtures" / "recordings"


def decoded(path: Path, topic: str) -> list[tuple[int, Any]]:
    """Returns time and message of each message, parsed by Protobuf's own package from the schema in the file."""
    with path.open("rb") as file:
        found = list(make_reader(file).iter_messages(topics=[topic]))
    schema = found[0][0]
    assert schema is not None
    pool = descriptor_pool.DescriptorPool()
    for each in descriptor_pb2.FileDescriptorSet.FromString(schema.data).file:
        pool.Add(each)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.name))
    return [(message.log_time, kind.FromString(message.data)) for *_, message in found]


def test_the_copy_is_still_a_recording_with_all_that_was_in_it(tmp_path: Path) -> None:
    episode = read_episode(FIXTURES / "teacher_hunter.mcap")[:200]
    assert export_foxglove(episode, None, tmp_path / "a.foxglove.mcap") == ()
    assert_same(episode, read_episode(tmp_path / "a.foxglove.mcap"))


def test_boxes_lie_where_the_objects_are_in_pixels(tmp_path: Path) -> None:
    episode = read_episode(FIXTURES / "teacher_hunter.mcap")[:200]
    export_foxglove(episode, None, tmp_path / "a.foxglove.mcap")
    boxes = decoded(tmp_path / "a.foxglove.mcap", "/boxes")
    assert len(boxes) == 200
    tick = next(tick for tick in range(200) if episode.observation.occupied[tick].any())
    time_ns, annotations = boxes[tick]
    track, info = episode.observations["tracks"][tick][0], episode.info
    assert time_ns == pytest.approx(episode.observations["time_s"][tick] * 1e9, abs=1)
    assert annotations.timestamp.seconds * 10**9 + annotations.timestamp.nanos == pytest.approx(time_ns, abs=1)
    assert len(annotations.points) == episode.observation.occupied[tick].sum()
    box = annotations.points[0]
    assert (len(box.points), box.type) == (4, 2), "a closed line"
    assert box.points[2].x - box.points[0].x == pytest.approx(track["width"] * info.window_width, rel=1e-5)
    assert (box.points[0].y + box.points[2].y) / 2 == pytest.approx(track["y"] * info.window_height, rel=1e-5)
    assert annotations.texts[0].text == f"{info.profile.kinds[track['kind']].name} {track['id']}"
    cursor = annotations.circles[0].position
    assert cursor.x == pytest.approx(episode.observations["cursor_x"][tick] * info.window_width, rel=1e-5)


def test_pictures_stand_in_the_same_file_at_the_times_of_their_ticks(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    record(path, 30, byte_pictures()).close()
    episode, copy = read_episode(path), tmp_path / "a.foxglove.mcap"
    assert export_foxglove(episode, video_path(path), copy) == ()
    pictures = decoded(copy, "/video")
    with VideoReader(video_path(path)) as video:
        assert [time_ns for time_ns, _ in pictures] == video.frames["time_ns"].tolist()
        assert pictures[3][1].data == video.packet(3).data
        assert pictures[3][1].format == "h264"
    assert_same(episode, read_episode(copy))


def test_a_copy_for_viewers_is_not_learned_from_a_second_time(tmp_path: Path) -> None:
    record(tmp_path / "a.mcap", 30, byte_pictures()).close()
    export_foxglove(read_episode(tmp_path / "a.mcap"), None, tmp_path / "a.foxglove.mcap")
    assert find_recordings(tmp_path) == [tmp_path / "a.mcap"]
