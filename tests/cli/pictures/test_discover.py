"""`understudy detector discover` on the command line."""

import json
from pathlib import Path

import pytest

from tests.support.made_up_play import write_recording
from tests.support.recorded_pictures import needs_pyav
from tests.support.synthetic_episodes import made_up
from understudy.cli.main import main
from understudy.perception.discovery.discovery_files import read_discovery
from understudy.recordings.store import write_episode

pytest.importorskip("sklearn", reason="pip install 'understudy[discover]'")


@pytest.mark.slow
@needs_pyav
def test_what_was_found_is_printed_as_json_with_the_contact_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(tmp_path / "play" / "tiny.mcap", 240)
    folder = tmp_path / "found"
    assert main(["detector", "discover", str(tmp_path / "play"), "--out", str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["schema"] == "detector discover/1"
    assert len(found["kinds"]) == len(read_discovery(folder).kinds) >= 2
    assert Path(found["contact_sheet"]).is_file() and str(folder / "contact_sheet.png") in printed.err


def test_a_recording_without_pictures_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_episode(made_up(30), tmp_path / "blind.mcap")
    assert main(["detector", "discover", str(tmp_path / "blind.mcap"), "--out", str(tmp_path / "found")]) == 2
    assert "has no pictures" in capsys.readouterr().err


def test_a_discovery_and_screenshots_are_not_both_learnt_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("--discovery", str(tmp_path), "--images", str(tmp_path), "--labels", str(tmp_path))
    assert main(["detector", "train", *both, "--out", str(tmp_path / "a.onnx"), "--output-dir", str(tmp_path)]) == 2
    assert "exclude each other" in capsys.readouterr().err
