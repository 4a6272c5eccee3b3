"""Torn and damaged videos: what is sound is read, what is not is told in a sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader

from understudy.contract.errors import RecordingError
from understudy.recordings.store import read_episode
from understudy.recordings.video.frame_codec import EncodedFrame
from understudy.recordings.video.video_file_writer import CHUNK, VideoInfo, create_video
from understudy.recordings.video.video_paths import video_path
from understudy.recordings.video.video_reader import VideoReader

PROCESS = Path(__file__).parents[2] / "support" / "recording_process.py"
INFO = VideoInfo(recording="one.mcap", encoder="bytes", video_format="h264", width=64, height=48)


def write(path: Path, num_frames: int, keys_every: int = 1) -> bytes:
    writer = create_video(path, INFO)
    for tick in range(num_frames):
        is_key = tick % keys_every == 0
        kind = b"\x65" if is_key else b"\x41"
        writer.append(tick, tick / 20, tick / 20 - 0.001, EncodedFrame(b"\x00\x00\x01" + kind + bytes([tick]), is_key))
    writer.close()
    return path.read_bytes()


def test_other_programs_read_the_file(tmp_path: Path) -> None:
    write(tmp_path / "one.video.mcap", 25)
    with (tmp_path / "one.video.mcap").open("rb") as file:
        reader = make_reader(file)
        found = list(reader.iter_messages(topics=["/video"]))
        summary = reader.get_summary()
    assert summary is not None and summary.statistics is not None
    assert summary.statistics.message_count == 25 and summary.statistics.chunk_count == 3
    assert [message.sequence for _, _, message in found] == list(range(25))
    assert [message.log_time for _, _, message in found] == [tick * 50_000_000 for tick in range(25)]
    assert found[0][0].name == "foxglove.CompressedVideo" and found[0][1].message_encoding == "protobuf"


def test_a_file_cut_anywhere_keeps_its_whole_pieces(tmp_path: Path) -> None:
    path = tmp_path / "one.video.mcap"
    whole = write(path, 40)
    refused = []
    for end in range(len(whole) - 1, 0, -97):
        path.write_bytes(whole[:end])
        try:
            video = VideoReader(path)
        except RecordingError:
            refused.append(end)
            continue
        assert video.losses and len(video) % 10 == 0
        video.close()
    assert max(refused) < 1200, "the description is there by then"


def test_a_damaged_piece_is_left_out_up_to_the_next_picture_that_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "one.video.mcap"
    whole = bytearray(write(path, 60, keys_every=15))
    first = whole.index(b"\x00\x00\x01\x41\x0c")  # the thirteenth picture, in the second piece
    whole[first] ^= 0xFF
    path.write_bytes(whole)
    with VideoReader(path) as video:
        assert "is damaged, and its pictures were left out" in video.losses[0]
        assert video.frames["tick"].tolist() == [*range(10), *range(30, 60)]


def test_behind_a_damaged_length_the_next_piece_is_found(tmp_path: Path) -> None:
    path = tmp_path / "one.video.mcap"
    whole = bytearray(write(path, 60))
    third = whole.index(b"\x00\x00\x01\x65\x14")  # the first picture of the third piece
    begin = whole.rindex(b"\x06", 0, third - CHUNK.size + 20)
    whole[begin + 5] = 0xFF
    path.write_bytes(whole)
    with VideoReader(path) as video:
        assert any("were left out" in loss for loss in video.losses)
        assert {0, 9, 30, 59} <= set(video.frames["tick"].tolist())
        assert 25 not in video.frames["tick"]


def test_what_is_no_video_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "one.video.mcap"
    for content in (b"", b"no mcap at all", bytes(5000)):
        path.write_bytes(content)
        with pytest.raises(RecordingError, match="is not a video of a recording"):
            VideoReader(path)
    with pytest.raises(RecordingError, match="cannot be opened"):
        VideoReader(tmp_path / "nowhere.video.mcap")
    path.unlink()
    path.write_bytes(write(path, 5).replace(b"format_version\x01\x00\x00\x001", b"format_version\x01\x00\x00\x009"))
    with pytest.raises(RecordingError, match="update understudy"):
        VideoReader(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.integers(0, 255), st.integers(0, 60))
def test_any_changed_byte_gives_pictures_or_one_sentence(tmp_path: Path, place: int, value: int, cut: int) -> None:
    path = tmp_path / "one.video.mcap"
    whole = bytearray(path.read_bytes() if (tmp_path / "kept").exists() else write(path, 30, keys_every=7))
    (tmp_path / "kept").touch()
    changed = bytearray(whole)
    changed[place % len(changed)] = value
    other = tmp_path / "changed.video.mcap"
    other.write_bytes(changed[: len(changed) - cut])
    try:
        with VideoReader(other) as video:
            for number in range(len(video)):
                video.packet(number)
    except RecordingError:
        return


def test_time_is_linear_in_the_size(tmp_path: Path) -> None:
    """A file of nothing but heads that look like pieces: each is looked at once, and only so many are tried."""
    path = tmp_path / "one.video.mcap"
    head = write(path, 1)
    liar = CHUNK.pack(6, CHUNK.size - 9 + 30_000, 0, 0, 30_000, 7, 0, 30_000)
    path.write_bytes(head[: head.index(b"\x06", 600)] + b"\xff" * 9 + liar * 40_000)
    began_s = time.process_time()
    VideoReader(path).close()
    assert time.process_time() - began_s < 5


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal of POSIX")
def test_kill_9_loses_at_most_one_second_of_pictures_and_of_ticks(tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    process = subprocess.Popen([sys.executable, str(PROCESS), str(path), "pictures"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(2.3)
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    last_told = int(rest[: rest.rfind("\n") + 1].split()[-1])
    assert len(read_episode(path)) > last_told - 20
    with VideoReader(video_path(path)) as video:
        assert len(video) > last_told - 20
        assert np.array_equal(video.frames["tick"], np.arange(len(video)))
        assert "was not closed" in video.losses[-1]
