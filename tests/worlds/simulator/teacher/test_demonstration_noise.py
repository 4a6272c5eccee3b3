import pytest

from understudy.contract.errors import FlagError
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.demonstration_noise import HARDSHIPS, OtherWindow, hardships_named, resized


def test_each_hardship_can_be_switched_on_alone_by_name() -> None:
    assert hardships_named(()).names == ()
    for name in HARDSHIPS:
        assert hardships_named((name,)).names == (name,)


def test_a_name_that_is_none_is_a_sentence_with_those_that_are() -> None:
    with pytest.raises(FlagError, match="idle_minutes"):
        hardships_named(("laziness",))


def test_a_window_of_the_same_size_changes_nothing() -> None:
    profile = load_profile()
    same = resized(profile, OtherWindow(width=profile.window_width, height=profile.window_height))
    for before, after in zip((profile.minimap, *profile.panels), (same.minimap, *same.panels), strict=True):
        assert after.left == pytest.approx(before.left)
        assert after.top == pytest.approx(before.top)
        assert (after.width, after.height) == (before.width, before.height)
    assert resized(profile, None) is profile


def test_in_another_window_minimap_and_panels_keep_their_pixels_and_their_corner() -> None:
    profile = load_profile()
    other = resized(profile, OtherWindow(width=1024, height=768))
    assert other.minimap.width * 1024 == pytest.approx(profile.minimap.width * 1280)
    assert other.minimap.height * 768 == pytest.approx(profile.minimap.height * 720)
    to_right = 1 - other.minimap.left - other.minimap.width
    assert to_right * 1024 == pytest.approx((1 - profile.minimap.left - profile.minimap.width) * 1280)
    hull, log, ammunition, _ = other.panels
    assert (hull.left, hull.top) == (0, 0)
    assert log.top + log.height == pytest.approx(1)
    assert ammunition.left + 0.5 * ammunition.width == pytest.approx(0.5)
