import numpy as np
import pytest

from tests.support.synthetic_episodes import made_up
from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_channels import (
    CHANNELS,
    Channel,
    dtype_from_schema,
    inputs_to_records,
    records_to_inputs,
    schema_text,
)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.topic)
def test_a_schema_gives_its_dtype_back(channel: Channel) -> None:
    assert dtype_from_schema(schema_text(channel.dtype)) == channel.dtype


def test_a_schema_can_describe_a_dtype_of_another_version() -> None:
    older = np.dtype({"names": ["a", "b"], "formats": ["<f4", ("<i2", (3,))], "offsets": [4, 12], "itemsize": 24})
    assert dtype_from_schema(schema_text(older)) == older


@pytest.mark.parametrize("text", ["", "7", '"O"', '{"bytes":4}', '{"bytes":8,"fields":[{"name":"a"}]}'])
def test_a_schema_that_describes_no_plain_records_is_refused(text: str) -> None:
    with pytest.raises(RecordingError, match="description"):
        dtype_from_schema(text)


def test_input_events_keep_their_exact_times_and_places() -> None:
    inputs = made_up(30).inputs
    assert records_to_inputs(inputs_to_records(inputs)) == inputs
    assert records_to_inputs(inputs_to_records(())) == ()
