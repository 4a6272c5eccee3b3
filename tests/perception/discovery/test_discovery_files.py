"""The folder of a discovery: what is written is read; what does not fit is one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.found_objects import made_up_boxes, made_up_discovery, write_made_up
from understudy.contract.errors import WireError
from understudy.perception.discovery.discovery_files import (
    read_boxes,
    read_discovery,
    read_tile,
    write_description,
)
from understudy.perception.discovery.edits import name_kind


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = write_made_up(tmp_path / "found")
    assert read_discovery(tmp_path / "found") == written
    np.testing.assert_array_equal(read_boxes(tmp_path / "found", written), made_up_boxes())
    assert (read_tile(tmp_path / "found", written, 1) == 80).all()


def test_an_edit_replaces_the_description_alone(tmp_path: Path) -> None:
    discovery = name_kind(write_made_up(tmp_path), 0, "wasp")
    write_description(tmp_path, discovery)
    assert read_discovery(tmp_path).kind(0).shown_name == "wasp"
    assert len(read_boxes(tmp_path, discovery)) == 3


def test_a_folder_without_a_discovery_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="there is no such file; make one with  understudy detector discover"):
        read_discovery(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda plain: plain.update(format=2), "this version reads format 1"),
        (lambda plain: plain.update(extra=1), "unknown key 'extra'"),
        (lambda plain: plain["kinds"][0].update(tile="../../etc.png"), "a tile must be the name of a .png file"),
        (lambda plain: plain["kinds"][0].update(id=1), "two kinds have the same id"),
        (lambda plain: plain["kinds"][0].update(merged_into=7), "merged into 7, which does not exist"),
        (lambda plain: plain["kinds"][0].update(merged_into=0), "merged into itself"),
        (lambda plain: plain["kinds"][0].update(width=float("nan")), "must lie between"),
        (lambda plain: plain["panels"][0].update(left=3.0), "must lie inside the window"),
        (lambda plain: plain["recordings"][0].update(sha256="xyz"), "64 hexadecimal digits"),
        (lambda plain: plain["bars"][0].update(fills="inwards"), "one of right, left, up, down"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, change: Callable[[dict], None], complaint: str
) -> None:
    write_made_up(tmp_path)
    plain = json.loads((tmp_path / "discovery.json").read_text())
    change(plain)
    (tmp_path / "discovery.json").write_text(json.dumps(plain))
    with pytest.raises(WireError, match=complaint):
        read_discovery(tmp_path)


@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00\xff\xff{"])
def test_damaged_boxes_are_refused(tmp_path: Path, content: bytes) -> None:
    discovery = write_made_up(tmp_path)
    (tmp_path / "boxes.npy").write_bytes(content)
    with pytest.raises(WireError, match=r"boxes.npy: cannot be read"):
        read_boxes(tmp_path, discovery)


def test_boxes_that_are_cut_short_or_pickled_are_refused(tmp_path: Path) -> None:
    discovery = write_made_up(tmp_path)
    whole = (tmp_path / "boxes.npy").read_bytes()
    (tmp_path / "boxes.npy").write_bytes(whole[:-1])
    with pytest.raises(WireError, match="cut short"):
        read_boxes(tmp_path, discovery)
    np.save(tmp_path / "boxes.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(WireError, match="not the boxes of a discovery"):
        read_boxes(tmp_path, discovery)


@pytest.mark.parametrize(("name", "value"), [("kind", 9), ("recording", 1), ("x", np.nan), ("width", 0.0)])
def test_boxes_of_another_discovery_are_refused(tmp_path: Path, name: str, value: float) -> None:
    discovery, boxes = write_made_up(tmp_path), made_up_boxes()
    boxes[name][1] = value
    np.save(tmp_path / "boxes.npy", boxes)
    with pytest.raises(WireError, match="boxes that do not fit"):
        read_boxes(tmp_path, discovery)


def test_a_tile_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    write_made_up(tmp_path)
    (tmp_path / "tiles" / "1.png").write_bytes(b"")
    with pytest.raises(WireError, match="no picture"):
        read_tile(tmp_path, made_up_discovery(), 1)
