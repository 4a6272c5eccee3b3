"""The ring around the selected object is measured on boxes of any size, and outlines are none."""

import pytest

from tests.support.made_up_rings import RADIUS, RED, SIDE, ringed_pictures
from understudy.perception.discovery.selection_rings import ring_radii


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.2])
def test_the_ring_is_at_its_distance_whatever_the_size_of_the_box(factor: float) -> None:
    radii = ring_radii(*ringed_pictures(30, factor * SIDE), RED)
    assert set(radii) == {0}, "no ring was around the other kind"
    assert radii[0] == pytest.approx(RADIUS, abs=0.7)


def test_what_is_around_every_box_of_a_kind_is_no_ring() -> None:
    pictures, boxes, kinds = ringed_pictures(30, SIDE, outline=True)
    first = [box[:1] for box in boxes], [kind[:1] for kind in kinds]
    assert ring_radii(pictures, *first, RED) == {}


def test_another_colour_is_no_ring() -> None:
    assert ring_radii(*ringed_pictures(30, SIDE), (60, 74, 255)) == {}
