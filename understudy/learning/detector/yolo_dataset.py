"""Reads a data set of labelled screenshots in YOLO format: images, and one text file of labels for each.

A label file has one line for each object: class index, centre x, y, width, height in fractions of the picture. Class
names come from `classes.txt` (one on each line) in the folder of the labels, or from `names` in `data.yaml`.
"""

import re
from pathlib import Path

import cv2
import numpy as np

from understudy.contract.errors import TrainingError
from understudy.learning.detector.synthetic_scenes import LabelledImage

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
HOLD_OUT_EVERY = 5
"""Every fifth picture, in the order of file names, is held out."""


def read_labelled(images: Path, labels: Path, height: int, width: int) -> tuple[list[LabelledImage], tuple[str, ...]]:
    """Reads screenshots and labels, scaled to one size, and the names of the classes.

    Raises:
        TrainingError: if there are no pictures or labels, or a label is invalid; names the file and the line.
    """
    paths = sorted(path for path in images.glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise TrainingError(f"There is no picture in {images}: give a folder of .png or .jpg screenshots.")
    names = _names(labels)
    pictures = [_read(path, labels / f"{path.stem}.txt", names, height, width) for path in paths]
    if not any(len(one.kinds) for one in pictures):
        raise TrainingError(
            f"No picture of {images} has a label in {labels}: each needs a text file of its name, one line an object."
        )
    return pictures, names


def split(pictures: list[LabelledImage]) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """Splits pictures into a training and a held-out set.

    Raises:
        TrainingError: if there are fewer than HOLD_OUT_EVERY pictures.
    """
    held_out = pictures[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY]
    if not held_out:
        raise TrainingError(
            f"{len(pictures)} labelled pictures were given, at least {HOLD_OUT_EVERY} are needed: label some more."
        )
    return [one for number, one in enumerate(pictures) if (number + 1) % HOLD_OUT_EVERY], held_out


def _names(labels: Path) -> tuple[str, ...]:
    listed, described = labels / "classes.txt", [labels / "data.yaml", labels.parent / "data.yaml"]
    if listed.exists():
        return tuple(line.strip() for line in listed.read_text(encoding="utf-8").splitlines() if line.strip())
    for path in described:
        if path.exists() and (names := _names_of_yaml(path.read_text(encoding="utf-8"))):
            return names
    raise TrainingError(f"{labels} holds no class names: put a file classes.txt there, one name on each line.")


def _names_of_yaml(text: str) -> tuple[str, ...]:
    """Parses `names` of a data.yaml: a list in brackets, or lines `- name` or `0: name`; no other YAML is supported."""
    inline = re.search(r"^names:\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    if inline:
        return tuple(part.strip().strip("'\"") for part in inline[1].split(",") if part.strip())
    block = re.search(r"^names:\s*\n((?:\s*(?:-|\d+:).*\n?)+)", text, re.MULTILINE)
    if not block:
        return ()
    return tuple(
        re.sub(r"^\s*(-|\d+:)\s*", "", line).strip().strip("'\"") for line in block[1].splitlines() if line.strip()
    )


def _read(path: Path, label: Path, names: tuple[str, ...], height: int, width: int) -> LabelledImage:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise TrainingError(f"{path} cannot be read as a picture: remove it or save it again.")
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    rows = _rows(label, len(names)) if label.exists() else []
    kinds = np.array([row[0] for row in rows], np.int64)
    boxes = np.array([row[1:] for row in rows], np.float32).reshape(-1, 4)
    return LabelledImage(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8), kinds, boxes)


def _rows(label: Path, num_names: int) -> list[tuple[float, ...]]:
    rows = []
    for number, line in enumerate(label.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = tuple(float(part) for part in line.split())
        except ValueError:
            row = ()
        sensible = (
            len(row) == 5
            and 0 <= row[0] < num_names
            and row[0] == int(row[0])
            and 0 < min(row[3:]) <= max(row[3:]) <= 2
        )
        if not sensible:
            raise TrainingError(
                f"{label}, line {number}: {line.strip()[:60]!r} was given where a class below {num_names} and x y "
                "width height in fractions were expected."
            )
        rows.append(row)
    return rows
