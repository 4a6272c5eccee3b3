"""Kinds of one size get it; others keep what each detection says."""

import numpy as np
import pytest

from understudy.perception.size_prior import SizePrior
from understudy.perception.tracker import SIGHTING


def sighting(width: float, kind: int = 0, x: float = 0.5) -> np.ndarray:
    found = np.zeros(1, SIGHTING)
    found["kind"], found["confidence"], found["x"], found["y"] = kind, 0.9, x, 0.5
    found["width"], found["height"] = width, 2 * width
    return found


def test_a_kind_of_one_size_gets_its_median() -> None:
    sizes, generator = SizePrior(2), np.random.default_rng(0)
    for _ in range(40):
        sizes.apply(sighting(float(0.05 * (1 + generator.normal(0, 0.05)))))
    late = sighting(0.07)
    sizes.apply(late)
    assert late["width"][0] == pytest.approx(0.05, abs=0.002)
    assert late["height"][0] == pytest.approx(0.10, abs=0.004)


def test_a_kind_of_many_sizes_keeps_each() -> None:
    sizes, generator = SizePrior(1), np.random.default_rng(0)
    for _ in range(40):
        sizes.apply(sighting(float(generator.uniform(0.02, 0.1))))
    late = sighting(0.07)
    sizes.apply(late)
    assert late["width"][0] == np.float32(0.07)


def test_boxes_cut_by_the_edge_teach_nothing() -> None:
    sizes = SizePrior(1)
    for _ in range(40):
        sizes.apply(sighting(0.02, x=0.99))
    late = sighting(0.05)
    sizes.apply(late)
    assert late["width"][0] == np.float32(0.05)
