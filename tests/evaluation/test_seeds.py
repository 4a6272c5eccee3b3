import numpy as np
import pytest

from understudy.evaluation.seeds import SPACE_SIZE, Purpose, purpose_of, seeds_for


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
        purpose_of(3 * SPACE_SIZE)
