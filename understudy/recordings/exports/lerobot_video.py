"""The pictures of a recording as LeRobot wants them: one MP4 file with H.264, one picture for each tick.

The packets as they were recorded are copied where each tick has its picture, so nothing is lost and it takes a second.
Else the pictures are decoded and encoded once more, and a tick without one shows the one before it: LeRobot finds
pictures by their number.
"""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_chunk import nanoseconds
from understudy.recordings.video.encoder_names import EncoderName
from understudy.recordings.video.frame_codec import FrameEncoder, choose_encoder, pyav
from understudy.recordings.video.recorded_frames import RecordedFrames
from understudy.recordings.video.video_reader import VideoReader

FORMAT = "h264"
ENCODER: EncoderName = "libopenh264"
MAX_SAMPLES = 100
"""Pictures of which the statistics are made, at most."""
QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}

Packet = tuple[bytes, bool]
"""An encoded picture, and whether it is a keyframe."""


def picture_size(video: Path) -> tuple[int, int]:
    """Returns width and height of the pictures of a video in its MP4 file: odd sides are padded by one.

    Raises:
        RecordingError: if it cannot be read, or holds no picture that can be decoded.
    """
    with RecordedFrames(video) as frames:
        if next(frames.play(), None) is None:
            raise RecordingError(f"{video} holds no picture that can be decoded")
        return frames.info.width + frames.info.width % 2, frames.info.height + frames.info.height % 2


def write_video(video: Path, times_s: np.ndarray, fps: int, path: Path) -> None:
    """Writes the MP4 file of one recording.

    Args:
        video: of the recording.
        times_s: of its ticks, shape (T,); at least one.
        fps: pictures a second in the file.
        path: of the new file; its folder is made.

    Raises:
        RecordingError: if no picture can be read.
        MissingExtraError: if PyAV is not installed.
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoReader(video) as reader:
        numbers = _numbers(reader, times_s)
        if numbers is not None:
            _mux(((reader.packet(number).data, bool(reader.frames["is_key"][number])) for number in numbers), fps, path)
            return
    with RecordedFrames(video) as frames:
        _mux(_encoded(frames, times_s, fps), fps, path)


def _numbers(reader: VideoReader, times_s: np.ndarray) -> range | None:
    """Returns the packets of the ticks, if they can be copied: one each, all in a row, beginning with a keyframe."""
    times_ns, stored_ns = nanoseconds(times_s), reader.frames["time_ns"]
    first = int(np.searchsorted(stored_ns, times_ns[0]))
    numbers = range(first, first + len(times_ns))
    whole = np.array_equal(stored_ns[first : numbers.stop], times_ns) and bool(reader.frames["is_key"][first])
    return numbers if whole and reader.info.video_format == FORMAT else None


def _encoded(frames: RecordedFrames, times_s: np.ndarray, fps: int) -> Iterator[Packet]:
    """Yields the picture of each tick, encoded again; the last one again where there is none, or it is damaged."""
    shown = next((pixels for _, pixels in frames.play()), None)
    if shown is None:
        raise RecordingError("none of its pictures can be read")
    encoder = FrameEncoder(choose_encoder(ENCODER), shown.shape[1], shown.shape[0], float(fps))
    for time_s in times_s.tolist():
        pixels = frames.at(time_s)
        shown = shown if pixels is None or pixels.shape != shown.shape else pixels
        encoded = encoder.encode(shown)
        yield encoded.data, encoded.is_key


def _mux(packets: Iterator[Packet], fps: int, path: Path) -> None:
    """Writes packets as an MP4 file; the first is a keyframe, which carries the size and the parameter sets."""
    av = pyav()
    first = next(packets)
    with av.open(io.BytesIO(first[0]), format=FORMAT) as described, av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream_from_template(described.streams.video[0], opaque=True)
        stream.time_base = Fraction(1, fps)
        for number, (data, is_key) in enumerate(_from(first, packets)):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, fps)
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = is_key
            file.mux(packet)


def _from(first: Packet, others: Iterator[Packet]) -> Iterator[Packet]:
    yield first
    yield from others


def picture_statistics(video: Path) -> dict[str, np.ndarray]:
    """Returns min, max, mean, std and quantiles of each colour, float64 of shape (3, 1, 1) from 0 to 1, and the count.

    They are made of keyframes at regular distances, at most MAX_SAMPLES, a quarter as wide and as high.

    Raises:
        RecordingError: if no picture can be read.
    """
    with RecordedFrames(video) as frames:
        numbers = sorted({frames.keyframe_before(number) for number in _regular(len(frames))})
        pictures = [pixels[::4, ::4] for number in numbers if (pixels := frames.frame(number)) is not None]
    if not pictures:
        raise RecordingError(f"{video}: none of its pictures can be read")
    colours = np.concatenate([pixels.reshape(-1, 3) for pixels in pictures]).astype(np.float64) / 255
    found: dict[str, Any] = {name: getattr(colours, name)(axis=0) for name in ("min", "max", "mean", "std")}
    found |= dict(zip(QUANTILES, np.quantile(colours, list(QUANTILES.values()), axis=0), strict=True))
    return {**{name: values.reshape(3, 1, 1) for name, values in found.items()}, "count": np.array([len(pictures)])}


def _regular(num_pictures: int) -> list[int]:
    return [int(number) for number in np.linspace(0, num_pictures - 1, min(num_pictures, MAX_SAMPLES))]
