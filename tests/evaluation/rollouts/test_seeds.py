import numpy as np
import pytest

from understudy.evaluation.rollouts.seeds import SPACE_SIZE, Purpose, drawn_offset, purpose_of, seeds_for


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("offset", [0, 1000, SPACE_SIZE - 4])
def test_every_seed_lies_in_the_space_it_was_asked_for(purpose: Purpose, offset: int) -> None:
    seeds = seeds_for(purpose, 4, offset)
    assert seeds.dtype == np.uint64
    assert {purpose_of(int(seed)) for seed in seeds} == {purpose}
    assert len(set(seeds.tolist())) == 4


def test_a_request_that_would_leave_its_space_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        seeds_for(Purpose.CHOOSE, 2, SPACE_SIZE - 1)


def test_a_seed_beyond_all_spaces_has_no_purpose() -> None:
    with pytest.raises(ValueError, match="Purpose"):
        purpose_of(len(Purpose) * SPACE_SIZE)


def test_seeds_drawn_by_lot_fit_into_their_space_and_are_not_drawn_twice() -> None:
    offsets = {drawn_offset(1024, 64) for _ in range(50)}
    assert len(offsets) == 50
    assert all(offset % 64 == 0 and offset + 1024 <= SPACE_SIZE for offset in offsets)
    assert drawn_offset(SPACE_SIZE, 64) == 0
