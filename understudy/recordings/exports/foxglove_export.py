"""Export of a recording with its pictures and boxes in one MCAP file, for Foxglove, rerun and other viewers.

The channels of the recording as they are, `/video` with the pictures beside it (foxglove.CompressedVideo) and `/boxes`
with what perception saw in them (foxglove.ImageAnnotations), all in order of time.
"""

import heapq
import tempfile
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from understudy.contract.safe_files import replacing
from understudy.recordings.episode import Episode
from understudy.recordings.exports import image_annotations
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.store import write_episode
from understudy.recordings.video import compressed_video
from understudy.recordings.video.video_reader import VideoReader

Message = tuple[int, str, int, bytes]
"""Time in nanoseconds, topic, sequence number and payload."""
_PROTOBUF = "protobuf"


def export_foxglove(episode: Episode, video: Path | None, path: Path) -> tuple[str, ...]:
    """Writes the file atomically.

    Args:
        episode: of the recording.
        video: file of its pictures, if it has any.
        path: of the new file.

    Returns:
        One sentence per picture, or stretch of them, that could not be read.

    Raises:
        RecordingError: if the pictures cannot be read.
        OSError: if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if video is None:
        _write(episode, None, path)
        return ()
    with VideoReader(video) as pictures:
        _write(episode, pictures, path)
        return pictures.losses


def _write(episode: Episode, pictures: VideoReader | None, path: Path) -> None:
    with tempfile.TemporaryDirectory() as name, replacing(path) as file:
        plain = Path(name) / "plain.mcap"
        write_episode(episode, plain)
        with plain.open("rb") as source:
            reader = make_reader(source)
            writer = Writer(file, compression=CompressionType.ZSTD)
            writer.start(library="understudy")
            channels: dict[str, int] = {}
            summary = reader.get_summary()
            assert summary is not None, "it was written just now"
            for channel in summary.channels.values():
                schema = summary.schemas[channel.schema_id]
                number = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.topic] = writer.register_channel(channel.topic, channel.message_encoding, number)
            for topic, kind, text in (
                (image_annotations.TOPIC, image_annotations.SCHEMA_NAME, image_annotations.schema_bytes()),
                (compressed_video.TOPIC, compressed_video.SCHEMA_NAME, compressed_video.schema_bytes()),
            ):
                if topic == image_annotations.TOPIC or pictures is not None:
                    number = writer.register_schema(kind, _PROTOBUF, text)
                    channels[topic] = writer.register_channel(topic, _PROTOBUF, number)
            for metadata in reader.iter_metadata():
                writer.add_metadata(metadata.name, metadata.metadata)
            recorded = (
                (message.log_time, channel.topic, message.sequence, message.data)
                for _, channel, message in reader.iter_messages()
            )
            parts = [recorded, _boxes(episode, pictures), *([_pictures(pictures)] if pictures is not None else [])]
            for time_ns, topic, sequence, data in heapq.merge(*parts, key=itemgetter(0)):
                writer.add_message(channels[topic], time_ns, data, time_ns, sequence)
            writer.finish()  # type: ignore[no-untyped-call]


def _boxes(episode: Episode, pictures: VideoReader | None) -> Iterator[Message]:
    width, height = episode.info.window_width, episode.info.window_height
    if pictures is not None:
        width, height = pictures.info.width, pictures.info.height
    times_ns = nanoseconds(episode.observations["time_s"]).tolist()
    for tick, (time_ns, observation) in enumerate(zip(times_ns, episode.observations, strict=True)):
        data = image_annotations.message_bytes(observation, episode.info.profile, width, height)
        yield time_ns, image_annotations.TOPIC, tick, data


def _pictures(pictures: VideoReader) -> Iterator[Message]:
    for number, row in enumerate(pictures.frames):
        data = compressed_video.message_bytes(pictures.packet(number))
        yield int(row["time_ns"]), compressed_video.TOPIC, int(row["tick"]), data
