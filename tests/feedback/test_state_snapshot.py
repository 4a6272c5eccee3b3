import base64
import zlib
from dataclasses import replace

import numpy as np
import pytest

from tests.support.review_moments import PROFILE, record
from understudy.contract.errors import WireError
from understudy.contract.serialization import from_plain, to_plain
from understudy.feedback.state_snapshot import (
    EncodedArray,
    State,
    describe,
    pack_record,
    pack_window,
    unpack_record,
    unpack_window,
)


def test_a_state_says_what_a_person_would_look_for() -> None:
    state = describe(record(hp=0.5, shield=np.nan, attackers=2)[0], PROFILE)
    assert (state.gauges, state.enemies, state.attackers) == ({"hp": 0.5, "shield": None}, 2, 2)
    assert "shield unreadable" in state.words
    nearest = state.objects[0]
    assert (nearest.id, nearest.kind, nearest.role, nearest.attacking) == (11, "mordon", "ENEMY", True)
    assert nearest.distance == pytest.approx(0.1, abs=1e-3)


def test_the_vital_gauge_is_named_first_wherever_it_is_declared_as_features_have_it_first() -> None:
    hp, shield, *others = PROFILE.gauges
    seen = record(hp=0.5, shield=0.25)[0]
    seen["player"]["gauges"][:2] = seen["player"]["gauges"][1::-1].copy()
    state = describe(seen, replace(PROFILE, gauges=(shield, hp, *others)))
    assert list(state.gauges.items()) == [("hp", 0.5), ("shield", 0.25)]


def test_what_cannot_be_named_is_called_unknown() -> None:
    strange = record(attackers=1)
    strange["tracks"]["kind"], strange["tracks"]["role"] = 999, 77
    strange["player"]["map_index"] = -1
    state = describe(strange[0], PROFILE)
    assert (state.objects[0].kind, state.objects[0].role, state.map) == ("unknown", "OTHER", "")


def test_an_observation_comes_back_to_the_bit() -> None:
    seen = record(hp=0.123456, attackers=3)
    assert unpack_record(pack_record(seen[0])).tobytes() == seen.tobytes()


def test_a_look_back_comes_back_to_three_digits() -> None:
    window = np.random.default_rng(0).normal(size=(60, 259)).astype(np.float32)
    back = unpack_window(pack_window(window, "e-1"))
    assert back.shape == window.shape
    np.testing.assert_allclose(back, window, rtol=1e-3, atol=1e-6)


BOMB = base64.b64encode(zlib.compress(b"\0" * 100_000_000, 9)).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"data": "not base64!"},
        {"data": base64.b64encode(b"not zlib").decode()},
        {"data": BOMB},
        {"data": base64.b64encode(zlib.compress(b"\0" * 7)).decode()},
        {"shape": (3, 5)},
        {"shape": (12,)},
        {"shape": (-3, -4)},
        {"shape": (10**9, 10**9)},
        {"data": base64.b64encode(zlib.compress(np.full(12, np.nan, "<f2").tobytes())).decode()},
    ],
    ids=range(9),
)
def test_a_hostile_look_back_is_refused(change: dict[str, object]) -> None:
    good = pack_window(np.zeros((3, 4), np.float32), "e-1")
    with pytest.raises(WireError):
        unpack_window(replace(good, **change))  # type: ignore[arg-type]


def test_an_observation_of_another_layout_is_refused_by_name() -> None:
    with pytest.raises(WireError, match="layout"):
        unpack_record(EncodedArray(layout="other", shape=(1,), data=pack_record(record()[0]).data))


def test_a_moment_with_impossible_readings_is_described_within_bounds() -> None:
    strange = record(hp=1.5, shield=-0.5, attackers=3)
    strange["tracks"]["x"][0, :3] = (np.nan, np.inf, 1e30)
    state = describe(strange[0], PROFILE)
    assert state.gauges == {"hp": 1.0, "shield": 0.0}
    assert [seen.id for seen in state.objects] == [13]
    assert from_plain(State, to_plain(state)) == state, "what is written can be read"


@pytest.mark.parametrize("field", ["time_s", "cursor_x"])
def test_an_observation_of_infinite_numbers_is_refused(field: str) -> None:
    strange = record()
    strange[field] = np.inf
    with pytest.raises(WireError, match="none can be"):
        unpack_record(pack_record(strange[0]))
    deep = record(attackers=1)
    deep["tracks"]["width"][0, 0] = 1e30
    with pytest.raises(WireError, match="none can be"):
        unpack_record(pack_record(deep[0]))
