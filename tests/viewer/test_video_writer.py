from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.viewer.video_writer import VideoError, VideoWriter, write_video


def frame_with_square(number: int, width: int = 192, height: int = 108) -> np.ndarray:
    """Blue, with an orange square that moves 10 pixels a frame."""
    frame = np.full((height, width, 3), (20, 30, 120), np.uint8)
    frame[40:64, 10 + 10 * number : 34 + 10 * number] = (240, 140, 20)
    return frame


def read_back(path: Path) -> tuple[list[np.ndarray], float]:
    capture, frames = cv2.VideoCapture(str(path)), []
    fps = capture.get(cv2.CAP_PROP_FPS)
    while (answer := capture.read())[0]:
        frames.append(cv2.cvtColor(answer[1], cv2.COLOR_BGR2RGB))
    return frames, fps


def test_a_video_reads_back_frame_for_frame_with_its_colours_and_its_rate(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "short.webm"
    frames = [frame_with_square(number) for number in range(12)]
    assert write_video(path, iter(frames), 20) == 12
    seen, fps = read_back(path)
    assert fps == 20
    assert len(seen) == 12
    for number in (0, 5, 11):
        assert seen[number].shape == (108, 192, 3)
        assert np.abs(seen[number].astype(int) - frames[number]).mean() < 8
        orange = np.flatnonzero(seen[number][52, :, 0] > 150)
        assert orange.mean() == pytest.approx(21.5 + 10 * number, abs=2)


def test_a_video_is_webm_with_vp8_inside(tmp_path: Path) -> None:
    path = tmp_path / "short.webm"
    write_video(path, [frame_with_square(0)] * 3, 10)
    beginning = path.read_bytes()[:4096]
    assert beginning.startswith(b"\x1a\x45\xdf\xa3")
    assert b"webm" in beginning
    assert b"V_VP8" in beginning


@pytest.mark.parametrize(("width", "height", "fps"), [(191, 108, 20), (192, 107, 20), (192, 108, 0), (0, 0, 20)])
def test_numbers_that_make_no_video_are_refused(tmp_path: Path, width: int, height: int, fps: float) -> None:
    with pytest.raises(VideoError, match="even"):
        VideoWriter(tmp_path / "x.webm", width, height, fps)


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"end in \.webm"):
        VideoWriter(tmp_path / "x.mp4", 192, 108, 20)


def test_a_video_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.webm").mkdir()
    with pytest.raises(VideoError, match="cannot be written"):
        VideoWriter(tmp_path / "x.webm", 192, 108, 20)


def test_a_video_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="at least one frame"):
        write_video(tmp_path / "x.webm", iter(()), 20)


def test_opening_a_video_says_nothing_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with VideoWriter(tmp_path / "x.webm", 192, 108, 20) as writer:
        writer.write(frame_with_square(0))
    assert capfd.readouterr() == ("", "")


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "x.webm", 192, 108, 20)
    writer.write(frame_with_square(0))
    writer.close()
    writer.close()
    assert len(read_back(writer.path)[0]) == 1
