"""Our hand-written Protobuf against Google's own, which torch's exporter brings."""

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from understudy.recordings.video.compressed_video import CompressedVideo, message_bytes, parse_message, schema_bytes


def googles_message() -> type:
    files = descriptor_pb2.FileDescriptorSet.FromString(schema_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("foxglove.CompressedVideo"))


def test_any_program_that_reads_protobuf_reads_the_message_by_its_schema() -> None:
    video = CompressedVideo(1_234_567_890_123_456_789, b"\x00\x00\x01\x65data", "h264", "")
    read = googles_message().FromString(message_bytes(video))
    assert (read.timestamp.seconds, read.timestamp.nanos) == (1_234_567_890, 123_456_789)
    assert (read.data, read.format) == (video.data, "h264")
    assert parse_message(read.SerializeToString()) == video


@given(st.integers(0, 2**62), st.binary(max_size=400))
def test_what_is_written_is_read(time_ns: int, data: bytes) -> None:
    video = CompressedVideo(time_ns, data, "vp9", "window")
    assert parse_message(message_bytes(video)) == video


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_value_error(data: bytes) -> None:
    try:
        parse_message(data)
    except ValueError:
        return


def test_a_message_that_is_cut_off_is_refused() -> None:
    whole = message_bytes(CompressedVideo(5, b"x" * 50, "h264"))
    with pytest.raises(ValueError, match="cut off"):
        parse_message(whole[:30])
