"""Crash-safe writer of a recording's video: a separate MCAP file that grows by half a second at a time.

A separate file, so that a full disk or a damaged frame does not affect the ticks, and training does not read a gigabyte
of video. Chunks are uncompressed, as encoded frames do not compress. A message's sequence is the index of the tick in
its recording, its log time the tick's, its publish time the frame's capture time.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mcap import records as mcap_records
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.errors import RecordingError
from understudy.contract.file_lock import wait_for_lock
from understudy.contract.safe_files import create_new
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.mcap_writer import SummaryGroup, record_bytes, summary_bytes
from understudy.recordings.video.compressed_video import (
    MESSAGE_ENCODING,
    SCHEMA_ENCODING,
    SCHEMA_NAME,
    TOPIC,
    CompressedVideo,
    message_bytes,
    schema_bytes,
)
from understudy.recordings.video.frame_codec import EncodedFrame

METADATA_NAME = "understudy-video"
FORMAT_VERSION = 1
CHUNK_FRAMES, CHUNK_S = 10, 0.5
"""Frames and seconds after which a chunk is written: the most that a killed process loses."""
CHANNEL = 1
MESSAGE = struct.Struct("<BQHIQQ")
"""Header of a message record: opcode, length, channel, sequence, log time, publish time."""
CHUNK = struct.Struct("<BQQQQIIQ")
"""Header of an uncompressed chunk: opcode, length, first and last time, size, CRC-32, no compression, size again."""
HEAD_BYTES = 9
"""Bytes of opcode and length, which a record's length field does not count."""
_LOCK_PATIENCE_S = 0.1


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """Metadata of a video file."""

    recording: str
    """Name of the recording's file at its start; the video's own file name decides to which it belongs."""
    encoder: str
    video_format: str
    width: int
    """Size of the captured frames, pixels; stored frames have even sides."""
    height: int


class VideoFileWriter:
    """Appends encoded frames to one file. Used by one thread at a time; the file is locked while it is open."""

    def __init__(self, path: Path, info: VideoInfo) -> None:
        """Creates the file.

        Raises:
            FileExistsError: if the file exists.
            OSError: if it cannot be written.
        """
        self.path, self.info = path, info
        self.num_bytes = self.num_frames = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = create_new(path)
        wait_for_lock(self._file, _LOCK_PATIENCE_S)
        self._pending: list[tuple[int, bytes]] = []
        """Log time and message record of each frame of the current chunk."""
        self._chunks: list[mcap_records.ChunkIndex] = []
        self._checksum = 0
        schema = mcap_records.Schema(id=1, name=SCHEMA_NAME, encoding=SCHEMA_ENCODING, data=schema_bytes())
        channel = mcap_records.Channel(
            id=CHANNEL, schema_id=1, topic=TOPIC, message_encoding=MESSAGE_ENCODING, metadata={}
        )
        self._described = (schema, channel)
        self._metadata = mcap_records.Metadata(name=METADATA_NAME, metadata=_metadata_of(info))
        try:
            self._put(MCAP0_MAGIC + record_bytes(mcap_records.Header(profile="", library="understudy")))
            self._metadata_offset = self.num_bytes
            self._put(b"".join(record_bytes(record) for record in (self._metadata, schema, channel)))
        except OSError:
            self._file.close()
            path.unlink(missing_ok=True)
            raise

    def append(self, tick: int, time_s: float, captured_s: float, frame: EncodedFrame) -> None:
        """Appends one frame; writes the chunk after ten frames or half a second.

        Args:
            tick: index of the tick in the recording.
            time_s: of the tick.
            captured_s: capture time of the frame.
            frame: encoded.

        Raises:
            OSError: if it cannot be written; the file then ends with its last complete chunk, without later frames.
        """
        log_ns, captured_ns = (int(time) for time in nanoseconds(np.array([time_s, captured_s])))
        video = CompressedVideo(log_ns, frame.data, self.info.video_format)
        payload = message_bytes(video)
        length = MESSAGE.size - HEAD_BYTES + len(payload)
        head = MESSAGE.pack(Opcode.MESSAGE, length, CHANNEL, tick & 0xFFFFFFFF, log_ns, captured_ns)
        self._pending.append((log_ns, head + payload))
        spans_s = (log_ns - self._pending[0][0]) / 1e9
        if len(self._pending) >= CHUNK_FRAMES or not 0 <= spans_s < CHUNK_S:
            self.flush()

    def flush(self) -> None:
        """Writes the current chunk.

        Raises:
            OSError: if it cannot be written, as in `append`.
        """
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        data, index = self._chunk(pending)
        try:
            self._put(data)
        except OSError:  # removes the incomplete chunk
            self._file.truncate(self.num_bytes)
            self._file.seek(self.num_bytes)
            raise
        self._chunks.append(index)
        self.num_frames += len(pending)

    def close(self) -> None:
        """Writes the current chunk and the summary, and closes the file. May be called twice.

        Raises:
            OSError: if they cannot be written; the file is closed without them.
        """
        if self._file.closed:
            return
        try:
            self.flush()
            self._put(record_bytes(mcap_records.DataEnd(data_section_crc=self._checksum)))
            self._put(summary_bytes(self.num_bytes, self._summary()))
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Closes the file without a summary, as a crash would. May be called twice."""
        self._file.close()

    def _chunk(self, pending: list[tuple[int, bytes]]) -> tuple[bytes, mcap_records.ChunkIndex]:
        """Returns a chunk with its message index, and its entry in the chunk index."""
        data = b"".join(record for _, record in pending)
        times = [time_ns for time_ns, _ in pending]
        first_ns, last_ns, size = min(times), max(times), len(data)
        length = CHUNK.size - HEAD_BYTES + size
        head = CHUNK.pack(Opcode.CHUNK, length, first_ns, last_ns, size, zlib.crc32(data), 0, size)
        offsets = np.cumsum([0, *(len(record) for _, record in pending)])[:-1]
        entries = list(zip(times, offsets.tolist(), strict=True))
        index = record_bytes(mcap_records.MessageIndex(channel_id=CHANNEL, records=entries))
        chunk = mcap_records.ChunkIndex(
            chunk_length=len(head) + size,
            chunk_start_offset=self.num_bytes,
            compression="",
            compressed_size=size,
            message_end_time=last_ns,
            message_index_length=len(index),
            message_index_offsets={CHANNEL: self.num_bytes + len(head) + size},
            message_start_time=first_ns,
            uncompressed_size=size,
        )
        return head + data + index, chunk

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while len(rest):
            rest = rest[self._file.write(rest) :]
        self.num_bytes += len(data)
        self._checksum = zlib.crc32(data, self._checksum)

    def _summary(self) -> list[SummaryGroup]:
        chunks, (schema, channel) = self._chunks, self._described
        statistics = mcap_records.Statistics(
            attachment_count=0,
            channel_count=1,
            channel_message_counts={CHANNEL: self.num_frames},
            chunk_count=len(chunks),
            message_count=self.num_frames,
            message_end_time=max((chunk.message_end_time for chunk in chunks), default=0),
            message_start_time=min((chunk.message_start_time for chunk in chunks), default=0),
            metadata_count=1,
            schema_count=1,
        )
        length = len(record_bytes(self._metadata))
        metadata = mcap_records.MetadataIndex(offset=self._metadata_offset, length=length, name=METADATA_NAME)
        return [
            (Opcode.SCHEMA, [schema]),
            (Opcode.CHANNEL, [channel]),
            (Opcode.STATISTICS, [statistics]),
            (Opcode.CHUNK_INDEX, [*chunks]),
            (Opcode.METADATA_INDEX, [metadata]),
        ]


def create_video(path: Path, info: VideoInfo) -> VideoFileWriter:
    """Creates a video file.

    Raises:
        RecordingError: if it cannot be created.
    """
    try:
        return VideoFileWriter(path, info)
    except OSError as problem:
        raise RecordingError(f"{path} cannot be written: {problem.strerror or problem}") from problem


def _metadata_of(info: VideoInfo) -> dict[str, str]:
    return {
        "format_version": str(FORMAT_VERSION),
        "recording": info.recording,
        "encoder": info.encoder,
        "video_format": info.video_format,
        "width": str(info.width),
        "height": str(info.height),
    }
