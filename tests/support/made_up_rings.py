"""Pictures in which a broken ring is around some of the objects, with boxes of any size."""

import cv2
import numpy as np

RED, SIDE, RADIUS = (255, 74, 60), 30, 22
Pictures = tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]


def ringed_pictures(num_pictures: int, box_side: float, *, outline: bool = False) -> Pictures:
    """Pictures with three squares; around one of every third picture's there is a broken ring."""
    random = np.random.default_rng(0)
    pictures, boxes, kinds = [], [], []
    for number in range(num_pictures):
        picture = random.integers(0, 30, (360, 640, 3)).astype(np.uint8)
        middles = np.array([(100, 100), (300, 200), (500, 250)]) + random.integers(-30, 30, (3, 2))
        for x, y in middles.tolist():
            cv2.rectangle(picture, (x - 15, y - 15), (x + 15, y + 15), (90, 160, 90), -1)
            if outline:
                cv2.circle(picture, (x, y), RADIUS, RED, 2)
        if number % 3 == 0 and not outline:
            for start in range(0, 360, 90):
                cv2.ellipse(picture, tuple(middles[number % 2]), (RADIUS, RADIUS), 0, start, start + 45, RED, 2)
        pictures.append(picture)
        boxes.append(np.c_[middles, np.full((3, 2), box_side)].astype(np.float32))
        kinds.append(np.array([0, 0, 1]))
    return pictures, boxes, kinds
