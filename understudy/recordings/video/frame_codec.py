"""Video codec for single frames, by PyAV: one frame in, one packet out, without delay or reordering.

Colours are converted with OpenCV's BT.601 in both directions, so that decoding does not depend on a guessed colour
matrix. PyAV is an optional package and is imported only on use.
"""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.contract.errors import MissingExtraError, RecordingError
from understudy.contract.terminal_text import brief
from understudy.recordings.video.encoder_names import FREE_OF_GPL, EncoderName

MAX_PIXELS = 7680 * 4320
"""Limit of one frame's pixels; a larger one is damaged or hostile."""
KEYFRAME_EVERY = 40
"""Frames between keyframes: 2 s at 20 Hz, the most that a seek has to decode."""
BITS_PER_S = 2.0e6
"""Bit rate at 1280 x 720: at most 0.9 GB an hour."""
_REFERENCE_PIXELS = 1280 * 720
_NAL_START = re.compile(rb"\x00\x00\x01")
_IDR, _SPS = 5, 7
"""H.264 NAL unit types with which only a keyframe begins."""
_HEAD_BYTES = 64


@dataclass(frozen=True)
class _Codec:
    """One encoder of FFmpeg."""

    video_format: str
    """Format name of foxglove.CompressedVideo, which is also FFmpeg's decoder name."""
    options: Mapping[str, str]


_CODECS: dict[str, _Codec] = {
    "libopenh264": _Codec("h264", {"rc_mode": "bitrate", "allow_skip_frames": "0"}),
    "libvpx-vp9": _Codec("vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "libx264": _Codec("h264", {"preset": "ultrafast", "tune": "zerolatency"}),
}


@dataclass(frozen=True)
class EncodedFrame:
    """One encoded frame."""

    data: bytes
    is_key: bool
    """Whether it can be decoded without earlier frames."""


def is_keyframe(data: bytes, video_format: str) -> bool:
    """Returns whether an encoded frame is a keyframe, by its first bytes."""
    if video_format == "vp9":  # bits: 2 marker, 2 profile, 1 show_existing_frame, 1 frame_type
        return len(data) > 0 and data[0] >> 6 == 2 and not data[0] & 0x0C
    head = data[:_HEAD_BYTES]
    return any(head[unit.end()] & 0x1F in (_IDR, _SPS) for unit in _NAL_START.finditer(head) if unit.end() < len(head))


def is_installed() -> bool:
    """Returns whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def choose_encoder(wanted: EncoderName = "auto") -> str:
    """Returns the name of the encoder to use.

    Raises:
        MissingExtraError: if PyAV is not installed.
        RecordingError: if the installed PyAV has no such encoder.
    """
    carried = pyav().codecs_available
    candidates = FREE_OF_GPL if wanted == "auto" else (wanted,)
    for name in candidates:
        if name in carried:
            return name
    raise RecordingError(
        f"The installed PyAV carries no encoder {' or '.join(candidates)}: reinstall it with  "
        "pip install 'understudy[video]'"
    )


class FrameEncoder:
    """Encodes frames of one size. Used by one thread; encoding releases the GIL."""

    def __init__(self, encoder: str, width: int, height: int, rate_hz: float = 20.0) -> None:
        """Opens the encoder.

        Args:
            encoder: as returned by `choose_encoder`.
            width: of the frames, pixels; odd sizes are padded by one column or row.
            height: likewise.
            rate_hz: frames per second, for rate control.

        Raises:
            MissingExtraError: if PyAV is not installed.
            RecordingError: if the encoder cannot be opened.
        """
        av, codec = pyav(), _CODECS[encoder]
        self.video_format = codec.video_format
        self.width, self.height = width, height
        self._av = av
        self._num_frames = 0
        self._context = av.CodecContext.create(encoder, "w")
        context = self._context
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(rate_hz).limit_denominator(1000)
        context.time_base = 1 / context.framerate
        context.bit_rate = round(BITS_PER_S * (width * height / _REFERENCE_PIXELS) ** 0.75)
        context.gop_size, context.max_b_frames = KEYFRAME_EVERY, 0
        context.thread_count = 1
        context.options = dict(codec.options)
        try:
            context.open()
        except (av.FFmpegError, ValueError) as problem:
            raise RecordingError(
                f"the encoder {encoder} cannot be opened for {width} x {height} pixels ({brief(problem)})"
            ) from problem

    def encode(self, pixels: UInt8[np.ndarray, "height width 3"]) -> EncodedFrame:
        """Encodes one RGB frame of the encoder's size.

        Raises:
            RecordingError: if the encoder fails.
        """
        assert pixels.shape == (self.height, self.width, 3)
        frame = self._av.VideoFrame.from_ndarray(_to_yuv(pixels), format="yuv420p")
        frame.pts = self._num_frames
        try:
            packets = self._context.encode(frame)
        except (self._av.FFmpegError, ValueError) as problem:
            raise RecordingError(f"the encoder failed ({brief(problem)})") from problem
        if len(packets) != 1:
            raise RecordingError(f"the encoder gave {len(packets)} packets for one frame")
        self._num_frames += 1
        return EncodedFrame(bytes(packets[0]), bool(packets[0].is_keyframe))


class FrameDecoder:
    """Decodes consecutive frames, beginning with a keyframe. Used by one thread."""

    def __init__(self, video_format: str) -> None:
        """Args:
            video_format: `h264` or `vp9`.

        Raises:
            MissingExtraError: if PyAV is not installed.
            RecordingError: if the format is unknown.
        """
        if video_format not in {codec.video_format for codec in _CODECS.values()}:
            raise RecordingError(f"its pictures are stored as {video_format[:20]!r}: h264 and vp9 are read")
        self._av = pyav()
        self._context = self._av.CodecContext.create(video_format, "r")
        self._context.thread_count = 1
        self._context.options = {"max_pixels": str(MAX_PIXELS), "flags": "low_delay"}

    def decode(self, data: bytes) -> UInt8[np.ndarray, "height width 3"]:
        """Decodes one packet to an RGB frame; both sides are even.

        Raises:
            RecordingError: if it cannot be decoded.
        """
        frame = self._decoded(data)
        if frame.format.name not in ("yuv420p", "yuvj420p") or frame.width * frame.height > MAX_PIXELS:
            raise RecordingError(f"a picture is {frame.width} x {frame.height} as {frame.format.name}")
        yuv = frame.to_ndarray()
        return np.asarray(cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420), np.uint8)

    def pass_over(self, data: bytes) -> None:
        """Decodes a packet that later ones depend on, without the colour conversion.

        Raises:
            RecordingError: if it cannot be decoded.
        """
        self._decoded(data)

    def _decoded(self, data: bytes) -> Any:
        try:
            frames = self._context.decode(self._av.Packet(data))
        except (self._av.FFmpegError, ValueError, MemoryError) as problem:
            raise RecordingError(f"a picture is damaged ({brief(problem)})") from problem
        if len(frames) != 1:
            raise RecordingError(f"a packet holds {len(frames)} pictures where one was expected")
        return frames[0]


def _to_yuv(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420))


def pyav() -> Any:
    """Returns the package av, which writes nothing to stderr.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        import av
        import av.logging
    except ImportError as missing:
        raise MissingExtraError("av", "video") from missing
    av.logging.set_level(None)  # else libraries write to stderr for each damaged frame
    return av
