"""Writes found boxes as a data set in YOLO's layout: images/, labels/ and data.yaml."""

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from understudy.contract.safe_files import replace_bytes
from understudy.perception.discovery.discovered import Discovery


def boxes_at(boxes: np.ndarray, recording: int, time_s: float) -> np.ndarray:
    """Returns the boxes of one frame."""
    found: np.ndarray = boxes[(boxes["recording"] == recording) & (boxes["time_s"] == time_s)]
    return found


def label_lines(discovery: Discovery, boxes: np.ndarray) -> list[str]:
    """Returns one YOLO line for each box of a kept kind: class index, centre x, y, width, height, window fractions."""
    classes = discovery.classes()
    return [
        f"{classes[int(box['kind'])]} {box['x']:.6f} {box['y']:.6f} {box['width']:.6f} {box['height']:.6f}"
        for box in boxes
        if int(box["kind"]) in classes
    ]


def write_yolo(
    folder: Path, discovery: Discovery, boxes: np.ndarray, frames: Iterable[tuple[int, float, np.ndarray]]
) -> int:
    """Writes frames and the labels of their kept kinds.

    Args:
        folder: is created.
        discovery: what was found.
        boxes: records of dtype FOUND_BOX.
        frames: index of the recording, time of the frame in seconds, RGB picture.

    Returns:
        Number of pictures.

    Raises:
        OSError: if it cannot be written.
    """
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    names = "".join(
        f"  {number}: {json.dumps(kind.shown_name, ensure_ascii=False)}\n" for number, kind in enumerate(discovery.kept)
    )
    replace_bytes(folder / "data.yaml", f"path: .\ntrain: images\nval: images\nnames:\n{names}".encode())
    number = 0
    for recording, time_s, picture in frames:
        stem = f"frame_{number:06d}"
        lines = label_lines(discovery, boxes_at(boxes, recording, time_s))
        done, content = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        assert done
        replace_bytes(images / f"{stem}.png", bytes(content.tobytes()))
        replace_bytes(labels / f"{stem}.txt", "".join(f"{line}\n" for line in lines).encode())
        number += 1
    return number
