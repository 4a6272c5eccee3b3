"""The layout of an observation: recordings and compiled code rely on these bytes."""

import numpy as np
import pytest

from understudy.contract.observation import (
    EVENTS,
    LANDMARK,
    MAX_TRACKS,
    OBSERVATION,
    PLAYER,
    TRACK,
    Observation,
    concatenate,
    empty_observation,
)


@pytest.mark.parametrize(
    ("layout", "num_bytes"), [(OBSERVATION, 1080), (PLAYER, 68), (TRACK, 44), (LANDMARK, 12), (EVENTS, 36)]
)
def test_records_have_the_size_that_recordings_hold(layout: np.dtype, num_bytes: int) -> None:
    assert layout.itemsize == num_bytes


@pytest.mark.parametrize("layout", [OBSERVATION, PLAYER, TRACK, LANDMARK, EVENTS])
def test_every_field_lies_where_compiled_code_may_read_it(layout: np.dtype) -> None:
    assert layout.fields is not None
    for name, (kind, offset, *_) in layout.fields.items():
        assert offset % kind.alignment == 0, name


def test_nothing_but_trailing_padding_lies_between_the_fields() -> None:
    for layout in (PLAYER, TRACK, LANDMARK, EVENTS):
        assert layout.fields is not None
        assert layout.itemsize == sum(kind.itemsize for kind, *_ in layout.fields.values())


def test_an_empty_observation_sees_nothing() -> None:
    empty = empty_observation(3)
    assert len(empty) == 3
    assert not empty.occupied.any()
    assert empty.occupied.shape == (3, MAX_TRACKS)


def test_occupied_slots_are_those_with_an_id() -> None:
    observation = empty_observation(2)
    observation.records["tracks"]["id"][1, :2] = [7, 8]
    assert observation.occupied.sum(axis=1).tolist() == [0, 2]


def test_the_cursor_comes_as_one_row_a_world() -> None:
    observation = empty_observation(2)
    observation.records["cursor_x"], observation.records["cursor_y"] = [0.1, 0.2], [0.3, 0.4]
    assert observation.cursor == pytest.approx(np.array([[0.1, 0.3], [0.2, 0.4]]))


def test_a_copy_stays_as_it_was_and_a_slice_does_not() -> None:
    observation = Observation(empty_observation(3).records, np.zeros((3, 4, 5, 3), np.uint8))
    part, copy = observation[1:], observation.copy()
    observation.records["time_s"] = 5.0
    assert observation.frames is not None and part.frames is not None and copy.frames is not None
    observation.frames[:] = 9
    assert part.records["time_s"].tolist() == [5.0, 5.0]
    assert copy.records["time_s"].tolist() == [0.0, 0.0, 0.0]
    assert part.frames.shape == (2, 4, 5, 3) and part.frames.max() == 9 and copy.frames.max() == 0


def test_records_of_another_layout_are_refused() -> None:
    with pytest.raises(AssertionError):
        Observation(np.zeros(3, PLAYER))
    with pytest.raises(AssertionError):
        Observation(np.zeros((3, 2), OBSERVATION))


def test_concatenated_observations_stand_one_after_the_other() -> None:
    parts = [empty_observation(1), empty_observation(2)]
    parts[1].records["time_s"] = [1.0, 2.0]
    assert concatenate(parts).records["time_s"].tolist() == [0.0, 1.0, 2.0]
