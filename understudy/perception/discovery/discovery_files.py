"""The files of a discovery: a folder with a description, boxes and tiles.

    discovery.json   the Discovery, strict JSON
    boxes.npy        records of FOUND_BOX, without pickle
    tiles/ID.png     one picture a kind
    cut_outs/ID_NUMBER.png   sightings of it, RGBA, for detector training
    contact_sheet.png   all tiles with their counts

A folder is untrusted: sizes are bounded before reading, and whatever does not fit raises one WireError. Each file is
replaced atomically; the description is written last, so a folder without one was not finished.
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.contract.errors import WireError
from understudy.contract.safe_files import replace_bytes
from understudy.contract.serialization import from_json, to_plain
from understudy.perception.discovery.discovered import FOUND_BOX, UNCERTAIN, Discovery, SourceRecording

DESCRIPTION, BOXES, CONTACT_SHEET = "discovery.json", "boxes.npy", "contact_sheet.png"
TILES, CUT_OUTS = "tiles", "cut_outs"
MAX_DESCRIPTION_BYTES = 4_000_000
MAX_BOXES = 20_000_000
"""Limit of boxes in a file; ten minutes of play have about 20,000."""
MAX_HEADER_BYTES = 4096
MAX_TILE_BYTES = 4_000_000
MAX_CUT_OUTS = 500
"""Limit of the cut-outs that are read of one kind."""


def read_discovery(folder: Path) -> Discovery:
    """Reads the description of a discovery.

    Raises:
        WireError: if the folder holds none, or it is not one.
    """
    path = folder / DESCRIPTION
    content = _read(path, MAX_DESCRIPTION_BYTES, "make one with  understudy detector discover RECORDING")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise WireError(f"{path}: cannot be read (not UTF-8)") from problem
    return from_json(Discovery, text, str(path))


def stored_path(folder: Path, recording: Path) -> str:
    """Returns the path of a recording as a discovery's description has it.

    Relative to the discovery if both lie in one folder, so that this folder may be moved; else absolute.
    """
    recording, beside = recording.resolve(), folder.resolve().parent
    if recording.is_relative_to(beside):
        return (Path("..") / recording.relative_to(beside)).as_posix()
    return str(recording)


def recording_path(folder: Path, source: SourceRecording) -> Path:
    """Returns where a recording of a discovery lies.

    Descriptions of earlier versions have paths relative to the working directory.
    """
    beside = folder / source.path
    return beside if beside.is_file() else Path(source.path)


def read_boxes(folder: Path, discovery: Discovery) -> np.ndarray:
    """Reads the boxes of a discovery, records of dtype FOUND_BOX.

    Raises:
        WireError: if the file is missing, damaged, or has boxes of other kinds or recordings than the discovery.
    """
    path = folder / BOXES
    content = _read(path, MAX_BOXES * FOUND_BOX.itemsize + MAX_HEADER_BYTES, "make the discovery again")
    boxes = _parse_boxes(content, path)
    fits = (
        np.isin(boxes["kind"], [UNCERTAIN, *(kind.id for kind in discovery.kinds)]).all()
        and ((boxes["recording"] >= 0) & (boxes["recording"] < len(discovery.recordings))).all()
        and all(np.isfinite(boxes[name]).all() for name in ("time_s", "x", "y", "width", "height", "score"))
        and ((boxes["width"] > 0) & (boxes["height"] > 0) & (boxes["width"] <= 2) & (boxes["height"] <= 2)).all()
        and ((np.abs(boxes["x"]) <= 2) & (np.abs(boxes["y"]) <= 2)).all()
    )
    if not fits:
        raise WireError(f"{path}: holds boxes that do not fit {DESCRIPTION}: make the discovery again")
    return boxes


def read_tile(folder: Path, discovery: Discovery, kind_id: int) -> UInt8[np.ndarray, "height width 3"]:
    """Reads the tile of a kind, RGB.

    Raises:
        WireError: if it is missing or no picture.
        KeyError: if there is no such kind.
    """
    path = folder / TILES / discovery.kind(kind_id).tile
    return np.asarray(cv2.cvtColor(_read_picture(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read_cut_outs(folder: Path, kind_id: int) -> list[UInt8[np.ndarray, "side side 4"]]:
    """Reads the cut-outs of a kind, RGBA.

    Raises:
        WireError: if one is no picture with alpha.
    """
    found = []
    for path in sorted((folder / CUT_OUTS).glob(f"{kind_id}_*.png"))[:MAX_CUT_OUTS]:
        picture = _read_picture(path, cv2.IMREAD_UNCHANGED)
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 4:
            raise WireError(f"{path}: is no picture with alpha")
        found.append(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8))
    return found


def _read_picture(path: Path, mode: int) -> np.ndarray:
    content = _read(path, MAX_TILE_BYTES, "make the discovery again")
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    except cv2.error:
        picture = None
    if picture is None:
        raise WireError(f"{path}: is no picture that can be read")
    return np.asarray(picture)


def write_description(folder: Path, discovery: Discovery) -> None:
    """Atomically replaces the description alone, as after a person's edit.

    Raises:
        OSError: if it cannot be written.
    """
    replace_bytes(folder / DESCRIPTION, (json.dumps(to_plain(discovery), indent=1) + "\n").encode())


def write_discovery(
    folder: Path,
    discovery: Discovery,
    boxes: np.ndarray,
    tiles: Mapping[int, np.ndarray],
    contact_sheet: np.ndarray,
    cut_outs: Mapping[int, Sequence[np.ndarray]] | None = None,
) -> None:
    """Writes a whole discovery; the description last.

    Args:
        folder: is created.
        discovery: the description.
        boxes: records of dtype FOUND_BOX.
        tiles: id of a kind -> its RGB picture.
        contact_sheet: RGB picture.
        cut_outs: id of a kind -> RGBA pictures of it.

    Raises:
        OSError: if it cannot be written.
    """
    assert boxes.dtype == FOUND_BOX and set(tiles) == {kind.id for kind in discovery.kinds}
    (folder / TILES).mkdir(parents=True, exist_ok=True)
    (folder / CUT_OUTS).mkdir(exist_ok=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)  # what lies there no longer fits it
    for old in (folder / CUT_OUTS).glob("*_*.png"):
        old.unlink()
    for kind_id, pictures in (cut_outs or {}).items():
        for number, picture in enumerate(pictures):
            replace_bytes(folder / CUT_OUTS / f"{kind_id}_{number:02d}.png", _png(picture))
    for kind in discovery.kinds:
        replace_bytes(folder / TILES / kind.tile, _png(tiles[kind.id]))
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, boxes, allow_pickle=False)
    replace_bytes(folder / BOXES, buffer.getvalue())
    replace_bytes(folder / CONTACT_SHEET, _png(contact_sheet))
    write_description(folder, discovery)


def _read(path: Path, most: int, remedy: str) -> bytes:
    if not path.is_file():
        raise WireError(f"{path}: there is no such file; {remedy}")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as problem:
        raise WireError(f"{path}: cannot be read ({problem.strerror or problem})") from problem
    if len(content) > most:
        raise WireError(f"{path}: cannot be read (more than {most} bytes)")
    return content


def _parse_boxes(content: bytes, path: Path) -> np.ndarray:
    """Parses an .npy file whose length must be exactly what its header says."""
    stream = io.BytesIO(content)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("another version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=MAX_HEADER_BYTES)
    except Exception as problem:  # numpy's parser raises whatever its tokenizer does
        raise WireError(f"{path}: cannot be read (no array of boxes)") from problem
    rest = len(content) - stream.tell()
    if dtype != FOUND_BOX or len(shape) != 1 or fortran or shape[0] * FOUND_BOX.itemsize != rest:
        raise WireError(f"{path}: cannot be read (not the boxes of a discovery, or cut short)")
    return np.frombuffer(content, FOUND_BOX, offset=stream.tell()).copy()


def _png(picture: np.ndarray) -> bytes:
    order = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, content = cv2.imencode(".png", cv2.cvtColor(picture, order))
    assert done
    return bytes(content.tobytes())
