"""Between the rounds of training boxes get the size by which the profile's selection ring fits."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.made_up_rings import RADIUS, RED, ringed_pictures
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Ring, Screen
from understudy.learning.detector.discovery_pictures import FoundFrame, FoundPictures, resized
from understudy.learning.detector.discovery_training import size_factors
from understudy.learning.detector.train import PICTURE_HEIGHT, PICTURE_WIDTH
from understudy.worlds.catalog import load_profile

FOUND_SIDE, SCALE, MARGIN = 25.0, 0.62, 8.0


def found_and_detected() -> tuple[FoundPictures, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Pictures of 640 pixels' width, and a network's sure boxes in them, all of one size."""
    pictures, boxes, kinds = ringed_pictures(30, FOUND_SIDE)
    frames = [
        FoundFrame(picture, 0, own, labels, np.zeros((0, 4), np.float32))
        for picture, own, labels in zip(pictures, boxes, kinds, strict=True)
    ]
    sides = np.full((2, 2), FOUND_SIDE, np.float32)
    scale = np.array([PICTURE_WIDTH / 640, PICTURE_HEIGHT / 360] * 2, np.float32)
    detected = [(labels, np.full(len(own), 0.9), own * scale) for own, labels in zip(boxes, kinds, strict=True)]
    return FoundPictures(frames, {}, sides, ("ringed", "plain"), ()), detected


def profile(ring: Ring | None) -> Profile:
    """A game of 1280 pixels' width."""
    return replace(load_profile("darkorbit"), eye=replace(load_profile("darkorbit").eye or Screen(), selected=ring))


def test_boxes_grow_until_the_ring_of_the_profile_fits_around_them() -> None:
    found, detected = found_and_detected()
    factors = size_factors(found, detected, profile(Ring(colour=RED, scale=SCALE, margin=MARGIN)))
    wanted = (RADIUS - MARGIN / 2) / SCALE
    assert factors.tolist() == pytest.approx([wanted / FOUND_SIDE, 1.0], abs=0.05)
    first = resized(found.frames, factors)[0]
    assert first.boxes[:, 2].tolist() == pytest.approx((FOUND_SIDE * factors[first.kinds]).tolist())
    assert first.boxes[:, :2].tolist() == found.frames[0].boxes[:, :2].tolist()


def test_without_a_ring_in_the_profile_boxes_stay_as_they_are() -> None:
    assert size_factors(*found_and_detected(), profile(None)).tolist() == [1.0, 1.0]


def test_a_ring_that_would_need_boxes_of_twice_the_size_is_another_thing() -> None:
    ring = Ring(colour=RED, scale=0.3, margin=0.0)
    assert size_factors(*found_and_detected(), profile(ring)).tolist() == [1.0, 1.0]
