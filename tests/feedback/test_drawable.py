import numpy as np
import pytest

from tests.support.review_moments import PROFILE, record
from understudy.feedback.drawable import is_drawable


def test_a_moment_of_the_game_can_be_drawn() -> None:
    assert is_drawable(record(attackers=3)[0], PROFILE)
    unreadable = record(hp=np.nan, shield=np.nan, attackers=1)
    unreadable["player"]["map_index"] = -1
    assert is_drawable(unreadable[0], PROFILE)


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        ("tracks", "kind", 999),
        ("tracks", "kind", -1),
        ("tracks", "role", 77),
        ("tracks", "id", -5),
        ("tracks", "x", np.nan),
        ("tracks", "width", 1e6),
        ("tracks", "height", -0.1),
        ("player", "map_index", 99),
        ("player", "x", np.nan),
        ("player", "gauges", 1e9),
        ("landmarks", "role", -3),
        ("events", "damage_taken", np.nan),
    ],
)
def test_what_no_picture_can_show_cannot(place: str, field: str, value: float) -> None:
    strange = record(attackers=2)
    strange[place][field][..., :1] = value
    assert not is_drawable(strange[0], PROFILE)


def test_a_moment_without_a_time_cannot() -> None:
    strange = record(hp=0.1)
    strange["time_s"] = np.nan
    assert not is_drawable(strange[0], PROFILE)
