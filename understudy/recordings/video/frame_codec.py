"""Encodes and decodes single frames through PyAV: one frame in, one packet out, with no delay and no reordering.

Colours are converted here, both ways by OpenCV's BT.601, so that no player's guess about the matrix comes between what
was seen and what is read back. PyAV is an optional package: nothing here imports it before it is needed.
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
"""Of one frame: what claims to be larger is damaged, or means harm."""
KEYFRAME_EVERY = 40
"""Frames from one that stands alone to the next: 2 s at 20 Hz, what a seek decodes at most."""
BITS_PER_S = 2.0e6
"""At 1280 x 720: 0.9 GB an hour at most."""
_REFERENCE_PIXELS = 1280 * 720
_NAL_START = re.compile(rb"\x00\x00\x01")
_IDR, _SPS = 5, 7
"""Kinds of H.264's units that only a picture that stands alone begins with."""
_HEAD_BYTES = 64


@dataclass(frozen=True)
class _Codec:
    """One encoder of FFmpeg's."""

    video_format: str
    """As foxglove.CompressedVideo names it; FFmpeg's decoder has the same name."""
    options: Mapping[str, str]


_CODECS: dict[str, _Codec] = {
    "libopenh264": _Codec("h264", {"rc_mode": "bitrate", "allow_skip_frames": "0"}),
    "libvpx-vp9": _Codec("vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "libx264": _Codec("h264", {"preset": "ultrafast", "tune": "zerolatency"}),
}


@dataclass(frozen=True)
class EncodedFrame:
    """One frame as it is stored."""

    data: bytes
    is_key: bool
    """Whether it can be decoded without those before it."""


def is_keyframe(data: bytes, video_format: str) -> bool:
    """Whether an encoded frame can be decoded without those before it, by its first bytes."""
    if video_format == "vp9":  # two bits of marker, two of profile, one that repeats a frame, then the kind of frame
        return len(data) > 0 and data[0] >> 6 == 2 and not data[0] & 0x0C
    head = data[:_HEAD_BYTES]
    return any(head[unit.end()] & 0x1F in (_IDR, _SPS) for unit in _NAL_START.finditer(head) if unit.end() < len(head))


def is_installed() -> bool:
    """Whether PyAV is there."""
    return importlib.util.find_spec("av") is not None


def choose_encoder(wanted: EncoderName = "auto") -> str:
    """The encoder that will be used.

    Raises:
        MissingExtraError: if PyAV is not installed.
        RecordingError: if the installed PyAV carries no such encoder.
    """
    carried = _pyav().codecs_available
    candidates = FREE_OF_GPL if wanted == "auto" else (wanted,)
    for name in candidates:
        if name in carried:
            return name
    raise RecordingError(
        f"The installed PyAV carries no encoder {' or '.join(candidates)}: install it anew with  "
        "pip install 'understudy[video]'"
    )


class FrameEncoder:
    """Encodes frames of one size. Belongs to one thread; encoding lets other threads run."""

    def __init__(self, encoder: str, width: int, height: int, rate_hz: float = 20.0) -> None:
        """Opens the encoder.

        Args:
            encoder: as `choose_encoder` gives it.
            width: of the frames, pixels; an odd one is padded by a column, as an odd height by a row.
            height: likewise.
            rate_hz: frames a second, for the sharing out of bits.

        Raises:
            MissingExtraError: if PyAV is not installed.
            RecordingError: if the encoder cannot be opened.
        """
        av, codec = _pyav(), _CODECS[encoder]
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
    """Decodes frames in their order, from one that stands alone. Belongs to one thread."""

    def __init__(self, video_format: str) -> None:
        """Args:
            video_format: `h264` or `vp9`.

        Raises:
            MissingExtraError: if PyAV is not installed.
            RecordingError: if the format is not known.
        """
        if video_format not in {codec.video_format for codec in _CODECS.values()}:
            raise RecordingError(f"its pictures are stored as {video_format[:20]!r}: h264 and vp9 are read")
        self._av = _pyav()
        self._context = self._av.CodecContext.create(video_format, "r")
        self._context.thread_count = 1
        self._context.options = {"max_pixels": str(MAX_PIXELS), "flags": "low_delay"}

    def decode(self, data: bytes) -> UInt8[np.ndarray, "height width 3"]:
        """The RGB frame of one packet; both sides are even.

        Raises:
            RecordingError: if it cannot be decoded.
        """
        frame = self._decoded(data)
        if frame.format.name not in ("yuv420p", "yuvj420p") or frame.width * frame.height > MAX_PIXELS:
            raise RecordingError(f"a picture is {frame.width} x {frame.height} as {frame.format.name}")
        yuv = frame.to_ndarray()
        return np.asarray(cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420), np.uint8)

    def pass_over(self, data: bytes) -> None:
        """Decodes a packet only because later ones build on it; saves the colours.

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


def _pyav() -> Any:
    try:
        import av
        import av.logging
    except ImportError as missing:
        raise MissingExtraError("av", "video") from missing
    av.logging.set_level(None)  # libraries write about damaged pictures to stderr, once a picture
    return av
