"""Which detector is opened: by the name of its file, however it is written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.made_up_detectors import write_model
from understudy.contract.errors import CheckpointError
from understudy.contract.observation import Role
from understudy.contract.profile import GameNote, Kind, Profile
from understudy.contract.screen_layout import Screen
from understudy.contract.serialization import to_json
from understudy.perception.detector_loader import onnx_file, open_detector
from understudy.worlds.catalog import load_profile

PROFILE = load_profile("darkorbit")


def test_capitals_in_the_name_make_no_difference(tmp_path: Path) -> None:
    rows = np.zeros((1, 6, 9), np.float32)
    assert open_detector(write_model(tmp_path / "BEST.ONNX", rows), PROFILE).names == ("alien", "box")
    (tmp_path / "BEST.PT").write_bytes(b"text")
    with pytest.raises(CheckpointError, match="no weights file as torch writes it"):
        open_detector(tmp_path / "BEST.PT", PROFILE)


def test_weights_that_were_converted_before_are_found_by_the_name_of_either_file(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"whatever")
    converted = write_model(tmp_path / "best.onnx", np.zeros((1, 6, 9), np.float32))
    assert onnx_file(tmp_path / "best.pt") == onnx_file(converted) == converted


def test_another_file_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no detector: give an \.onnx file"):
        open_detector(tmp_path / "best.tflite", PROFILE)


def pond(*kinds: str, classes: dict[str, str] | None = None) -> Profile:
    made = tuple(Kind(name=name, role=Role.ENEMY) for name in kinds)
    return replace(PROFILE, name="meadow", kinds=made, eye=Screen(classes=classes or {}))


def noted(path: Path, note: str) -> Path:
    return write_model(path, np.zeros((1, 6, 9), np.float32), metadata={"game": note})


def test_a_detector_of_another_game_is_refused_with_both_names(tmp_path: Path) -> None:
    weights = noted(tmp_path / "pond.onnx", to_json(GameNote(name="pond", kinds=("alien", "box"))))
    with pytest.raises(CheckpointError, match=r"trained for the game 'pond'.*profile 'meadow' knows.*its box"):
        open_detector(weights, pond("alien", "tree"))
    assert open_detector(weights, pond("tree", "box", "alien")).game.name == "pond", (
        "a copy may have more, in any order"
    )
    open_detector(weights, pond("alien", "tree", classes={"box": ""}))


@pytest.mark.parametrize("note", ["", "{", '{"name": 3}', "[" * 200_000])
def test_a_note_that_is_none_is_no_note(tmp_path: Path, note: str) -> None:
    assert open_detector(noted(tmp_path / "any.onnx", note), pond("alien", "tree")).game == GameNote()


def test_the_game_brings_its_own() -> None:
    assert set(open_detector(None, PROFILE).names) == {kind.name for kind in PROFILE.kinds}
