import sys
import threading
import time

import numpy as np
import pytest

from tests.support.recorded_pictures import needs_pyav, rendered
from understudy.contract.errors import MissingExtraError, RecordingError
from understudy.recordings.video import frame_codec
from understudy.recordings.video.encoder_names import FREE_OF_GPL
from understudy.recordings.video.frame_codec import (
    FrameDecoder,
    FrameEncoder,
    choose_encoder,
    is_keyframe,
)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@needs_pyav
@pytest.mark.parametrize("encoder", FREE_OF_GPL)
def test_each_picture_comes_back_close_and_in_step(encoder: str) -> None:
    encoding = FrameEncoder(encoder, 1280, 720)
    decoding = FrameDecoder(encoding.video_format)
    for number, picture in enumerate(rendered(45)):
        packet = encoding.encode(picture)
        assert packet.is_key == is_keyframe(packet.data, encoding.video_format) == (number % 40 == 0)
        assert psnr(decoding.decode(packet.data), picture) > 30
    assert encoder in (choose_encoder(), "libvpx-vp9"), "auto takes the first that is there"


@needs_pyav
def test_odd_sides_are_padded_and_colours_keep_their_places() -> None:
    picture = np.zeros((101, 151, 3), np.uint8)
    picture[:50, :75] = (200, 30, 30)
    encoding = FrameEncoder(choose_encoder(), 151, 101)
    decoded = FrameDecoder(encoding.video_format).decode(encoding.encode(picture).data)
    assert decoded.shape == (102, 152, 3)
    assert np.abs(decoded[10:40, 10:60].astype(int) - (200, 30, 30)).max() < 8
    assert decoded[60:, 90:].max() < 8


@needs_pyav
def test_other_threads_run_while_a_picture_is_encoded() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
    encoding = FrameEncoder(choose_encoder(), 1920, 1080)
    over = threading.Event()
    thread = threading.Thread(target=lambda: (encoding.encode(picture), over.set()))
    num_turns = 0
    thread.start()
    while not over.is_set():
        time.sleep(0.001)
        num_turns += 1
    thread.join()
    assert num_turns > 3, "noise of this size takes tens of milliseconds"


@needs_pyav
def test_what_is_no_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordingError, match=r"damaged|packet holds"):
        FrameDecoder("h264").decode(b"\x00\x00\x01\x65" + bytes(200))
    with pytest.raises(RecordingError, match="h264 and vp9 are read"):
        FrameDecoder("rm-rf")
    monkeypatch.setattr(frame_codec, "FREE_OF_GPL", ("libx262",))
    with pytest.raises(RecordingError, match="carries no encoder libx262"):
        choose_encoder()


def test_without_pyav_one_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"understudy\[video\]"):
        choose_encoder()
