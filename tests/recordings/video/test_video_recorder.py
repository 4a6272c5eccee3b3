"""Recording pictures beside ticks: what is dropped, what is told, and that ticks never wait."""

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.recorded_pictures import (
    ByteEncoder,
    Camera,
    Shot,
    byte_pictures,
    needs_pyav,
    record,
    rendered,
    shot,
)
from tests.support.synthetic_episodes import made_up, steps_of
from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.recorder import Recorder, move_to_folder
from understudy.recordings.store import find_recordings, read_episode
from understudy.recordings.take_recorder import TakeRecorder
from understudy.recordings.video import video_recorder
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_file_writer import VideoFileWriter
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_reader import VideoReader
from understudy.recordings.video.video_recorder import picture_source


def test_each_tick_has_its_picture_at_the_ticks_own_time(tmp_path: Path) -> None:
    recorder = record_slowly(tmp_path / "one.mcap", 35)
    recorder.close()
    episode = read_episode(tmp_path / "one.mcap")
    with VideoReader(video_path(recorder.path)) as video:
        assert video.losses == ()
        assert video.frames["tick"].tolist() == list(range(35))
        assert np.array_equal(video.frames["time_ns"], nanoseconds(episode.observations["time_s"]))
        assert [video.packet(number).data[4] for number in range(35)] == list(range(35))
        assert (video.info.width, video.info.height, video.info.recording) == (64, 48, "one.mcap")
    assert episode.observations.tobytes() == made_up(35).observations.tobytes()


def record_slowly(path: Path, num_ticks: int) -> Recorder:
    """Waits for the encoder at each tick, so that nothing is dropped."""
    episode = made_up(num_ticks)
    recorder = Recorder(path, episode.info, pictures=byte_pictures())
    assert recorder.video is not None
    for number, step in enumerate(steps_of(episode)):
        recorder.on_step(step)
        end = time.perf_counter() + 20
        while recorder.video.counts.num_stored <= number and time.perf_counter() < end:
            time.sleep(0.001)
    return recorder


def test_readers_of_recordings_do_not_take_pictures_for_a_recording(tmp_path: Path) -> None:
    recorder = record_slowly(tmp_path / "one.mcap", 3)
    recorder.close()
    assert find_recordings(tmp_path) == [tmp_path / "one.mcap"]
    with pytest.raises(RecordingError, match="only the pictures"):
        read_episode(video_path(recorder.path))


def test_an_encoder_that_falls_behind_drops_pictures_and_no_tick(tmp_path: Path) -> None:
    may_go_on, said = threading.Event(), []

    class Slow(ByteEncoder):
        def encode(self, pixels: np.ndarray) -> object:  # type: ignore[override]
            assert may_go_on.wait(30)
            return super().encode(pixels)

    recorder = record(tmp_path / "one.mcap", 60, byte_pictures(open_encoder=Slow, notify=said.append))
    assert recorder.video is not None
    assert recorder.video.counts.num_late >= 60 - video_recorder.QUEUE_FRAMES - 1
    may_go_on.set()
    recorder.close()
    counts = recorder.video.counts
    assert counts.num_stored + counts.num_late == 60
    assert len(said) == 1 and "does not keep up" in said[0] and "no tick" in said[0]
    assert len(read_episode(recorder.path)) == 60 and recorder.failure is None


def test_an_encoder_that_fails_ends_the_pictures_and_no_tick(tmp_path: Path) -> None:
    said: list[str] = []

    class Failing(ByteEncoder):
        def encode(self, pixels: np.ndarray) -> object:  # type: ignore[override]
            raise RecordingError("the encoder failed (it is tired)")

    recorder = record(tmp_path / "one.mcap", 40, byte_pictures(open_encoder=Failing, notify=said.append))
    recorder.close()
    assert said[-1:] == ["No more pictures are recorded (the encoder failed (it is tired)); the ticks are."]
    assert len(read_episode(recorder.path)) == 40 and recorder.failure is None
    assert not video_path(recorder.path).exists()


def test_a_disk_that_is_nearly_full_keeps_its_room_for_the_ticks(tmp_path: Path) -> None:
    said: list[str] = []
    everything = 2 * shutil.disk_usage(tmp_path).total
    recorder = record(tmp_path / "one.mcap", 8, byte_pictures(reserve_bytes=everything, notify=said.append))
    recorder.close()
    assert recorder.video is not None and recorder.video.counts.num_stored == 0
    assert len(said) == 1 and "left on the disk" in said[0]
    assert len(read_episode(recorder.path)) == 8


def test_a_write_that_fails_cuts_its_piece_off_and_pictures_go_on_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, num_chunks, said = VideoFileWriter._put, 0, []

    def full_once(writer: VideoFileWriter, data: bytes) -> None:
        nonlocal num_chunks
        num_chunks += data[:1] == b"\x06"
        if num_chunks == 2 and data[:1] == b"\x06":
            writer._file.write(data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        put(writer, data)

    monkeypatch.setattr(VideoFileWriter, "_put", full_once)
    monkeypatch.setattr(video_recorder, "CHECK_DISK_S", 0.0)
    video = byte_pictures(notify=said.append).begin(tmp_path / "one.mcap")
    for tick in range(40):
        video.take(tick, tick / 20, shot(tick, tick / 20))
        while not video._queue.empty():
            time.sleep(0.001)
    video.stop()
    assert len(said) == 1 and "No space left" in said[0]
    with VideoReader(video.path) as reader:
        assert reader.losses == ()
        assert reader.frames["tick"].tolist() == [*range(10), *range(20, 40)]


def test_a_picture_that_was_seen_before_is_not_stored_twice(tmp_path: Path) -> None:
    only = shot(1, 0.0)
    recorder = record(tmp_path / "one.mcap", 10, byte_pictures(latest=lambda: only))
    recorder.close()
    assert recorder.video is not None and recorder.video.counts.num_stored == 1


def test_pictures_are_moved_and_deleted_with_their_recording(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "one.video.mcap").write_bytes(b"of somebody else")
    recorder = record_slowly(tmp_path / "unsaved" / "one.mcap", 3)
    recorder.close()
    moved = move_to_folder(recorder.path, tmp_path / "kept")
    assert moved.name == "one_2.mcap" and video_path(moved).exists()
    assert not list((tmp_path / "unsaved").iterdir())
    takes = TakeRecorder(
        tmp_path / "kept", tmp_path / "unsaved", lambda: made_up(1).info, pictures=byte_pictures(latest=Camera().latest)
    )
    takes.start()
    for step in steps_of(made_up(5)):
        takes.on_step(step)
    takes.discard()
    assert not list((tmp_path / "unsaved").iterdir())
    assert takes.video_counts.num_stored == 5


@needs_pyav
def test_rendered_pictures_come_back_close_at_their_times(tmp_path: Path) -> None:
    pictures = [Shot(pixels, number / 20) for number, pixels in enumerate(rendered(45))]
    source = picture_source(lambda: None)
    video = source.begin(tmp_path / "one.mcap")
    for tick, picture in enumerate(pictures):
        video.take(tick, tick / 20, picture)
        while not video._queue.empty():
            time.sleep(0.001)
    video.stop()
    assert video.counts.num_stored == 45 and video.failure is None
    with RecordedFrames(video.path) as frames:
        for tick in (44, 0, 41, 42, 7, 39, 40):
            pixels = frames.at(tick / 20)
            assert pixels is not None and pixels.shape == (720, 1280, 3)
            assert np.abs(pixels.astype(int) - pictures[tick].pixels).mean() < 6
        assert frames.at(0.025) is None and frames.num_damaged == 0
        assert [number for number, _ in frames.play()] == list(range(45))


@needs_pyav
def test_a_window_that_changes_its_size_goes_on(tmp_path: Path) -> None:
    video = picture_source(lambda: None).begin(tmp_path / "one.mcap")
    for tick, size in enumerate([(320, 200)] * 3 + [(241, 181)] * 3):
        video.take(tick, tick / 20, shot(tick, tick / 20, size))
    video.stop()
    with RecordedFrames(video.path) as frames:
        assert [pixels.shape[:2] for _, pixels in frames.play()] == [(200, 320)] * 3 + [(182, 242)] * 3
