"""Recorded pictures in playback: the moment that was marked with F2 shows what was there."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.recorded_pictures import needs_pyav, rendered, rendered_recording
from understudy.cli.main import main
from understudy.recordings.store import read_episode
from understudy.recordings.video.recorded_frames import open_frames
from understudy.recordings.video.video_paths import video_path
from understudy.viewer.episode_frames import EpisodePainter
from understudy.worlds.simulator.rendering.renderer import pixels_of

SIZE = (640, 360)


@needs_pyav
def test_a_marked_moment_shows_its_own_picture_and_p_hides_it(tmp_path: Path) -> None:
    path = rendered_recording(tmp_path / "one.mcap", 30)
    episode = read_episode(path)
    (mark,) = episode.inputs
    tick = int(np.searchsorted(episode.observations["time_s"], mark.time_s))
    there = rendered(30, skipped=60)[tick][::2, ::2].astype(int)
    with open_frames(path) or pytest.fail("it has pictures") as frames:
        painter = EpisodePainter(episode, SIZE, pictures=frames)
        assert tick in painter.timeline.stops
        shown = pixels_of(painter.draw(tick))[: SIZE[1]].astype(int)
        middle = (slice(150, 300), slice(150, 500))  # beside banner and timing
        assert np.abs(shown[middle] - there[middle]).mean() < 8
        painter.shows_pictures = False
        assert np.abs(pixels_of(painter.draw(tick))[: SIZE[1]][middle] - there[middle]).mean() > 8


@needs_pyav
def test_a_video_of_a_recording_shows_its_pictures_and_damaged_ones_are_no_obstacle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rendered_recording(tmp_path / "one.mcap", 10)
    arguments = ["watch", str(path), "--video", str(tmp_path / "out.webm"), "--size", "640", "360"]
    assert main(arguments) in (0, None)
    assert (tmp_path / "out.webm").stat().st_size > 10_000
    video_path(path).write_bytes(b"nothing")
    assert main(arguments) in (0, None)
    assert "Its pictures are not shown." in capsys.readouterr().out
