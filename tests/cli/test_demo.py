"""The demo makes room for itself without touching what it did not make."""

from pathlib import Path

import pytest

from understudy.cli.demo import Demo, effort_of, make_room
from understudy.contract.errors import FlagError


def fill(folder: Path) -> Path:
    dear = folder / "recordings" / "mine.mcap"
    dear.parent.mkdir(parents=True)
    dear.write_text("an hour of my life")
    return dear


def test_a_folder_that_no_demo_filled_is_left_alone(tmp_path: Path) -> None:
    dear = fill(tmp_path)
    with pytest.raises(FlagError, match="was not made by a demo"):
        make_room(tmp_path)
    assert dear.exists()


def test_what_an_earlier_demo_left_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    make_room(tmp_path / "demo")
    old = fill(tmp_path / "demo")
    kept = tmp_path / "demo" / "notes.txt"
    kept.write_text("mine")
    make_room(tmp_path / "demo")
    assert not old.exists() and kept.exists()


def test_quick_takes_ten_minutes_of_play_at_most() -> None:
    assert effort_of(Demo(quick=True)).minutes == 10
    assert effort_of(Demo(quick=True, minutes=4.0)).minutes == 4
    assert effort_of(Demo(minutes=90.0)).minutes == 90
