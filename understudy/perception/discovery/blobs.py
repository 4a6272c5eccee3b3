"""Blobs of the foreground that stay the same over several thresholds (as MSER does: Matas et al. 2002)."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

THRESHOLDS = (18, 26, 38, 55, 78, 110)
MIN_PIXELS, MAX_SHARE, MAX_SIDE_SHARE = 18, 0.05, 0.32
"""Least area in pixels, largest area in window areas, and largest side in window widths."""
SAME_AREA = 0.55
"""Share of the box's area that has to remain at the next threshold for a blob to be the same."""
MIN_STABLE = 2
"""Thresholds over which a blob has to be the same."""
CURSOR_BOX = (-3, -3, 12, 18)
"""Masked around the cursor's tip at 640 pixels' width: left, top, right, bottom, pixels."""


@dataclass(frozen=True)
class Blob:
    """One blob, pixels of the small frame."""

    left: int
    top: int
    width: int
    height: int
    area: int
    stability: int
    mask: Bool[np.ndarray, "height width"]

    @property
    def middle(self) -> tuple[float, float]:
        """Centre of its box."""
        return self.left + self.width / 2, self.top + self.height / 2


@dataclass
class _Node:
    level: int
    label: int
    box: tuple[int, int, int, int]
    area: int
    parent: "int | None"
    length: int = 1
    head: "int | None" = None
    """Lowest node of its chain."""


def find_blobs(
    difference: UInt8[np.ndarray, "height width"], cursor: tuple[float, float] | None = None
) -> tuple[Blob, ...]:
    """Finds the stable blobs of one frame.

    Args:
        difference: from the background, of 255.
        cursor: tip of the pointer, pixels; it is masked.
    """
    _height, width = difference.shape
    if cursor is not None and np.isfinite(cursor).all():
        unit = width / 640
        left, top, right, bottom = (round(cursor[side % 2] + each * unit) for side, each in enumerate(CURSOR_BOX))
        difference = difference.copy()
        difference[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 0
    nodes, labels = _component_tree(difference)
    chains = _chains(nodes)
    return tuple(_blob(nodes[head], length, labels) for head, length in _without_nested(nodes, chains))


def _component_tree(difference: np.ndarray) -> tuple[list[_Node], list[np.ndarray]]:
    height, width = difference.shape
    nodes: list[_Node] = []
    labels: list[np.ndarray] = []
    index_of: dict[tuple[int, int], int] = {}
    for level, threshold in enumerate(THRESHOLDS):
        count, label, stats, _ = cv2.connectedComponentsWithStats((difference > threshold).astype(np.uint8))
        labels.append(label)
        for number in range(1, count):
            x, y, w, h, area = stats[number].tolist()
            if not (MIN_PIXELS <= area <= MAX_SHARE * height * width and max(w, h) <= MAX_SIDE_SHARE * width):
                continue
            parent = None
            if level:
                column = x + int((label[y, x : x + w] == number).argmax())
                parent = index_of.get((level - 1, int(labels[level - 1][y, column])))
            index_of[level, number] = len(nodes)
            nodes.append(_Node(level, number, (x, y, w, h), area, parent))
    return nodes, labels


def _chains(nodes: list[_Node]) -> dict[int, int]:
    """Returns the lowest node of each chain of the same blob -> its number of thresholds."""
    taken: dict[int, int] = {}
    """Node -> its largest child, which goes on with its chain."""
    for number, node in enumerate(nodes):
        if node.parent is not None:
            best = taken.get(node.parent)
            if best is None or nodes[best].area < node.area:
                taken[node.parent] = number
    chains: dict[int, int] = {}
    for number, node in enumerate(nodes):
        node.head = number
        if node.parent is not None and taken[node.parent] == number:
            parent = nodes[node.parent]
            if node.box[2] * node.box[3] >= SAME_AREA * parent.box[2] * parent.box[3]:
                node.head = parent.head
        assert node.head is not None
        chains[node.head] = chains.get(node.head, 0) + 1
    return chains


def _without_nested(nodes: list[_Node], chains: dict[int, int]) -> list[tuple[int, int]]:
    """Of chains inside each other the most stable stays, and of equal ones the outer."""
    order = sorted(
        (head for head, length in chains.items() if length >= MIN_STABLE),
        key=lambda head: (-chains[head], nodes[head].level),
    )
    kept: list[tuple[int, int]] = []
    above: dict[int, set[int]] = {head: set(_ancestors(nodes, head)) for head in order}
    for head in order:
        if all(other not in above[head] and head not in above[other] for other, _ in kept):
            kept.append((head, chains[head]))
    return kept


def _ancestors(nodes: list[_Node], number: int) -> list[int]:
    found, at = [], nodes[number].parent
    while at is not None:
        head = nodes[at].head
        assert head is not None
        found.append(head)
        at = nodes[at].parent
    return found


def _blob(node: _Node, length: int, labels: list[np.ndarray]) -> Blob:
    x, y, w, h = node.box
    return Blob(x, y, w, h, node.area, length, labels[node.level][y : y + h, x : x + w] == node.label)
