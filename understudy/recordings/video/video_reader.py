"""Reader of a video file, complete or torn: index and bytes of the encoded frames (decoding: recorded_frames.py).

One pass over the file, chunk by chunk: time is linear in its size, memory that of one chunk. A chunk with a wrong
checksum is skipped; after a damaged place the reader searches for the next chunk.
"""

import io
import re
import struct
import zlib
from pathlib import Path
from types import TracebackType

import numpy as np
from mcap import records as mcap_records
from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.writer import MCAP0_MAGIC

from understudy.contract.errors import RecordingError
from understudy.contract.terminal_text import brief
from understudy.recordings.video.compressed_video import MAX_FRAME_BYTES, CompressedVideo, parse_message
from understudy.recordings.video.frame_codec import is_keyframe
from understudy.recordings.video.video_file_writer import (
    CHANNEL,
    CHUNK,
    FORMAT_VERSION,
    HEAD_BYTES,
    MESSAGE,
    METADATA_NAME,
    VideoInfo,
)

FRAME_INDEX = np.dtype([("time_ns", "u8"), ("tick", "u4"), ("offset", "i8"), ("length", "i8"), ("is_key", "?")])
"""Index entry of one frame: time and index of its tick, offset and length of its message, whether it is a keyframe."""
MAX_CHUNK_BYTES = 2 * MAX_FRAME_BYTES
MAX_METADATA_BYTES = 2**20
MAX_LOSSES, MAX_SEARCHES = 20, 100
SEARCHED_BYTES = 64 * 2**20
"""Limit of the search for a chunk after damage."""
_RECORD = struct.Struct("<BQ")
_CHUNK_PATTERN = re.compile(rb"\x06.{4}\x00{4}.{16}(.{4}\x00{4}).{4}\x00{4}\1", re.DOTALL)


class VideoReader:
    """The encoded frames of one file, in order of time. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """Opens the file and builds its index in one pass.

        Raises:
            RecordingError: if it cannot be opened, or is no video of this format.
        """
        self.path = path
        self.losses: tuple[str, ...] = ()
        """One sentence per part that could not be read."""
        try:
            self._file = path.open("rb")
        except OSError as problem:
            raise RecordingError(f"{path} cannot be opened ({problem.strerror or problem})") from problem
        try:
            scan = _Scan(self._file, str(path))
            self.info = scan.run()
        except RecordingError:
            self._file.close()
            raise
        except Exception as problem:  # parsing untrusted data can raise anything
            self._file.close()
            raise RecordingError(f"{path} is damaged and cannot be read ({brief(problem)})") from problem
        self.losses = tuple(scan.losses)
        rows = np.array(scan.rows, FRAME_INDEX)
        self.frames = rows[np.unique(rows["time_ns"], return_index=True)[1]]
        """Records of dtype FRAME_INDEX, in order of time, with unique times."""

    def __len__(self) -> int:
        return len(self.frames)

    def packet(self, number: int) -> CompressedVideo:
        """Reads the encoded frame with an index in `frames`.

        Raises:
            RecordingError: if it can no longer be read.
        """
        row = self.frames[number]
        try:
            self._file.seek(int(row["offset"]))
            return parse_message(self._file.read(int(row["length"])))
        except (OSError, ValueError) as problem:
            raise RecordingError(f"{self.path} was changed while it was read ({brief(problem)})") from problem

    def close(self) -> None:
        """Closes the file. May be called twice."""
        self._file.close()

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Scan:
    """State of one pass over one file."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        self.file, self.name = file, name
        self.size = file.seek(0, io.SEEK_END)
        self.rows: list[tuple[int, int, int, int, bool]] = []
        self.losses: list[str] = []
        self.info: VideoInfo | None = None
        self.is_whole = False
        self._num_searches = self._num_unsaid = 0
        self._needs_key = False  # frames depend on earlier ones: after a gap they would decode wrongly

    def run(self) -> VideoInfo:
        self.file.seek(0)
        if self.file.read(len(MCAP0_MAGIC)) != MCAP0_MAGIC:
            raise RecordingError(f"{self.name} is not a video of a recording: it does not begin with MCAP's signature")
        stopped = self._walk(len(MCAP0_MAGIC))
        while not self.is_whole and (found := self._find_chunk(stopped)) is not None:
            self._lose(f"bytes {stopped} to {found} are damaged, and their pictures were left out")
            stopped = self._walk(found)
        if self.info is None:
            raise RecordingError(f"{self.name} holds no pictures of understudy: its description is missing")
        if self._num_unsaid:
            self.losses.append(f"{self._num_unsaid} more places are damaged")
        if not self.is_whole:
            self.losses.append(
                "the video was not closed (the process that recorded it died, or it was cut off): "
                f"{self.size - stopped} bytes of an unfinished piece were dropped, at a crash less than one second"
            )
        return self.info

    def _walk(self, position: int) -> int:
        """Reads records up to the first invalid one; returns its position."""
        while position + _RECORD.size <= self.size:
            self.file.seek(position)
            opcode, length = _RECORD.unpack(self.file.read(_RECORD.size))
            if opcode == 0 or length > self.size - position - _RECORD.size:
                return position
            if opcode == Opcode.CHUNK:
                if not CHUNK.size - HEAD_BYTES <= length <= MAX_CHUNK_BYTES:
                    return position
                self._take_chunk(position, length)
            elif opcode == Opcode.METADATA and length <= MAX_METADATA_BYTES:
                self._take_metadata(self.file.read(length))
            position += _RECORD.size + length
            if opcode == Opcode.FOOTER:
                self.file.seek(position)
                self.is_whole = self.file.read(len(MCAP0_MAGIC) + 1) == MCAP0_MAGIC
                break
        return position

    def _take_chunk(self, position: int, length: int) -> None:
        content = self.file.read(length)
        size, checksum, compression = struct.unpack_from("<QII", content, 16)
        data = memoryview(content)[CHUNK.size - HEAD_BYTES :]
        if compression or size != len(data) or zlib.crc32(data) != checksum:
            self._lose(f"the piece at byte {position} is damaged, and its pictures were left out")
            return
        begin, place = position + CHUNK.size, 0
        while place + MESSAGE.size <= size:
            opcode, inner, channel, tick, time_ns, _ = MESSAGE.unpack_from(data, place)
            payload, place = place + MESSAGE.size, place + HEAD_BYTES + inner
            if place > size or inner < MESSAGE.size - HEAD_BYTES:
                self._lose(f"the piece at byte {position} is laid out otherwise, and was left out in part")
                return
            if opcode == Opcode.MESSAGE and channel == CHANNEL and place - payload <= MAX_FRAME_BYTES:
                self._take_frame(bytes(data[payload:place]), tick, time_ns, begin + payload)

    def _take_frame(self, payload: bytes, tick: int, time_ns: int, offset: int) -> None:
        try:
            video = parse_message(payload)
        except ValueError as problem:
            self._lose(f"the picture at byte {offset} is damaged ({brief(problem)})")
            return
        is_key = is_keyframe(video.data, video.video_format)
        self._needs_key &= not is_key
        if self._needs_key:
            return
        self.rows.append((time_ns, tick, offset, len(payload), is_key))

    def _take_metadata(self, content: bytes) -> None:
        stream = ReadDataStream(io.BytesIO(_RECORD.pack(Opcode.METADATA, len(content)) + content))
        stream.read(_RECORD.size)
        metadata = mcap_records.Metadata.read(stream)
        if metadata.name != METADATA_NAME or self.info is not None:
            return
        values = metadata.metadata
        version = int(values["format_version"])
        if version > FORMAT_VERSION:
            raise RecordingError(
                f"{self.name} was recorded in format {version}, this version of understudy reads up to format "
                f"{FORMAT_VERSION}: update understudy"
            )
        self.info = VideoInfo(
            recording=values["recording"],
            encoder=values["encoder"],
            video_format=values["video_format"],
            width=int(values["width"]),
            height=int(values["height"]),
        )

    def _find_chunk(self, position: int) -> int | None:
        """Returns the start of the next chunk with a correct checksum after a damaged place."""
        self.file.seek(position)
        for found in _CHUNK_PATTERN.finditer(self.file.read(SEARCHED_BYTES), 1):
            begin = position + found.start()
            self.file.seek(begin)
            _, length, _, _, size, checksum, _, _ = CHUNK.unpack(self.file.read(CHUNK.size))
            if length != CHUNK.size - HEAD_BYTES + size or length > min(MAX_CHUNK_BYTES, self.size - begin):
                continue
            self._num_searches += 1
            if self._num_searches > MAX_SEARCHES:
                return None
            if zlib.crc32(self.file.read(size)) == checksum:
                return begin
        return None

    def _lose(self, sentence: str) -> None:
        self._needs_key = True
        if len(self.losses) < MAX_LOSSES:
            self.losses.append(sentence)
        else:
            self._num_unsaid += 1
