"""Objects, a panel and a bar of a tiny game are found from its play alone; a detector learns them."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.fly_play import write_fly_recording
from tests.support.made_up_play import BAR, HEIGHT, PANEL, WIDTH, made_up_play, write_recording
from tests.support.recorded_pictures import needs_pyav
from understudy.contract.errors import RecordingError, TrainingError
from understudy.contract.observation import TICK_S, Role
from understudy.learning.detector.discover import discover, discover_in
from understudy.learning.detector.discovery_pictures import compose, read_found_pictures, split_found
from understudy.learning.detector.discovery_training import train_on_discovery
from understudy.learning.detector.recorded_clips import RecordedPlay
from understudy.learning.detector.train import DetectorSettings
from understudy.learning.training.trainer_config import FitConfig
from understudy.perception.discovery.discovered import Discovery
from understudy.perception.discovery.discovery_files import (
    read_boxes,
    read_cut_outs,
    read_discovery,
    read_tile,
    write_description,
)
from understudy.perception.discovery.edits import throw_away
from understudy.perception.discovery.recorded_clip import RecordedClip
from understudy.worlds.catalog import load_profile

pytest.importorskip("sklearn", reason="pip install 'understudy[discover]'")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Discovery, Path]:
    """A discovery of a minute of play."""
    folder = tmp_path_factory.mktemp("found")
    return discover_in(made_up_play(), folder), folder


def test_the_two_kinds_are_found_with_their_roles(found: tuple[Discovery, Path]) -> None:
    discs, squares = sorted(found[0].kept[:2], key=lambda kind: kind.width)
    assert discs.width * WIDTH == pytest.approx(19, abs=3) and squares.width * WIDTH == pytest.approx(25, abs=4)
    assert (discs.suggested_role, squares.suggested_role) == (Role.LOOT, Role.ENEMY)
    assert discs.vanishes_after_click and not squares.vanishes_after_click
    assert squares.moves and not discs.moves
    assert min(discs.click_lift, squares.click_lift) > 2


def test_the_same_is_found_where_the_camera_stands_still_over_a_textured_ground(tmp_path: Path) -> None:
    found = discover_in(made_up_play(240, is_still=True), tmp_path)
    assert found.background == "still" and found.panels == ()
    discs, squares = sorted(found.kept[:2], key=lambda kind: kind.width)
    assert (discs.suggested_role, squares.suggested_role) == (Role.LOOT, Role.ENEMY)
    (bar,) = found.bars
    assert (bar.fills, bar.suggested_gauge) == ("right", "hp")


def test_the_panel_and_its_bar_are_found(found: tuple[Discovery, Path]) -> None:
    (panel,), (bar,) = found[0].panels, found[0].bars
    assert (panel.width * WIDTH, panel.height * HEIGHT) == pytest.approx((PANEL[0] + PANEL[2], 44), abs=5)
    assert (bar.fills, bar.suggested_gauge) == ("right", "hp")
    assert bar.area.left * WIDTH == pytest.approx(BAR[0], abs=2)
    assert bar.area.width * WIDTH == pytest.approx(BAR[2], abs=3)


def test_what_is_written_is_what_was_returned(found: tuple[Discovery, Path]) -> None:
    discovery, folder = found
    assert read_discovery(folder) == discovery
    boxes = read_boxes(folder, discovery)
    assert (boxes["kind"] == discovery.kept[0].id).sum() > 100
    assert read_tile(folder, discovery, 0).shape == (96, 96, 3)
    assert all(picture.shape[2] == 4 for picture in read_cut_outs(folder, 0))
    assert (folder / "contact_sheet.png").is_file()


def test_play_in_which_nothing_stands_out_is_one_sentence(tmp_path: Path) -> None:
    clip = RecordedClip(())
    for number in range(20):
        clip.add(number * 0.2, np.zeros((60, 80, 3), np.uint8), (0.5, 0.5), regular=True)
    with pytest.raises(RecordingError, match="Nothing stands out"):
        discover_in(RecordedPlay((clip,), (), 80, 60, ()), tmp_path)


def test_play_that_is_too_short_for_any_kind_is_a_discovery_without_kinds(tmp_path: Path) -> None:
    assert discover_in(made_up_play(6), tmp_path).kinds == ()
    with pytest.raises(TrainingError, match="keeps no kind"):
        read_found_pictures(tmp_path, 0)


def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path) -> None:
    from tests.support.synthetic_episodes import made_up
    from understudy.recordings.store import write_episode

    write_episode(made_up(30), tmp_path / "blind.mcap")
    with pytest.raises(RecordingError, match="has no pictures"):
        discover((tmp_path,), tmp_path / "out")


@pytest.mark.slow
@needs_pyav
def test_flies_that_have_a_colour_each_are_one_kind_and_the_wasp_is_another(tmp_path: Path) -> None:
    truth = write_fly_recording(tmp_path / "play" / "flies.mcap", 2000, seed=4, look="any")
    found = discover((tmp_path / "play",), tmp_path / "found")
    boxes = read_boxes(tmp_path / "found", found)
    ticks = (boxes["time_s"] / TICK_S).round().astype(int)
    places = np.stack([boxes["x"] * 400, boxes["y"] * 300], axis=1)
    flies = np.stack([truth[tick].flies for tick in ticks])
    is_fly = np.hypot(*(flies - places[:, None]).transpose(2, 0, 1)).min(axis=1) < 9
    first = max(found.kept, key=lambda kind: kind.num_sightings)
    assert len(found.kept) <= 5  # 29 before
    assert first.suggested_role is Role.ENEMY and first.num_clicks > 50
    assert is_fly[boxes["kind"] == first.id].mean() > 0.95
    assert (is_fly & (boxes["kind"] == first.id)).sum() > 0.7 * 6 * len(np.unique(ticks))


@needs_pyav
def test_a_detector_learns_what_was_found(tmp_path: Path) -> None:
    recording, folder = write_recording(tmp_path / "tiny.mcap", 240), tmp_path / "found"
    discovery = discover((recording,), folder)
    for kind in discovery.kept[2:]:
        discovery = throw_away(discovery, kind.id)
    write_description(folder, discovery)
    pictures, held_out = split_found(read_found_pictures(folder, 0))
    assert [bar.area for bar in discovery.bars] == list(pictures.panels[len(discovery.panels) :]), "no object is there"
    composed = compose(pictures, 0)
    assert sum(len(frame.kinds) for frame in composed) > sum(len(frame.kinds) for frame in pictures.frames)
    assert len(held_out) == len(pictures.frames) // 5
    fit = FitConfig(epochs=1, batch_size=16, lr=2e-3, save_every=None, ema_decay=0.5)
    settings = DetectorSettings(out=tmp_path / "tiny.onnx", output_dir=tmp_path / "fit", fit=fit)
    result = train_on_discovery(folder, settings, load_profile("darkorbit"))
    assert result.names == ("kind_0", "kind_1") and result.path.is_file()
    recording.with_suffix(".video.mcap").unlink()
    with pytest.raises(TrainingError, match="has no pictures any more"):
        read_found_pictures(folder, 0)


@needs_pyav
def test_a_folder_with_recording_and_discovery_may_be_moved(tmp_path: Path) -> None:
    game, elsewhere = tmp_path / "game", write_recording(tmp_path / "elsewhere" / "tiny.mcap", 60, seed=1)
    recording = write_recording(game / "play" / "tiny.mcap", 120)
    discovery = discover((recording, elsewhere), game / "found")
    assert {source.path for source in discovery.recordings} == {"../play/tiny.mcap", str(elsewhere.resolve())}
    moved = game.rename(tmp_path / "moved")
    assert {frame.recording for frame in read_found_pictures(moved / "found", 0).frames} == {0, 1}
