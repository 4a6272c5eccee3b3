import numpy as np
import pytest

from understudy.contract.errors import RecordingError
from understudy.recordings.mcap_channels import (
    CHANNELS,
    Channel,
    dtype_from_schema,
)
from understudy.recordings.ros2_schema import schema_text

JSON = "numpy-record"
"""Encoding of the messages of formats 1 and 2."""


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.topic)
def test_a_schema_gives_its_dtype_back(channel: Channel) -> None:
    assert dtype_from_schema(schema_text(channel.dtype), "cdr") == channel.dtype


def test_a_schema_of_an_older_format_is_json_with_offsets() -> None:
    text = (
        '{"bytes":24,"fields":[{"name":"a","offset":4,"shape":[],"type":"<f4"},'
        '{"name":"b","offset":12,"shape":[3],"type":"<i2"}]}'
    )
    older = np.dtype({"names": ["a", "b"], "formats": ["<f4", ("<i2", (3,))], "offsets": [4, 12], "itemsize": 24})
    assert dtype_from_schema(text, JSON) == older


@pytest.mark.parametrize(
    "text",
    ["", "7", '"O"', '"2*3"', '{"bytes":4}', '{"bytes":8,"fields":[{"name":"a"}]}', "[" * 9999, '"f4,f4"', '"|V9"'],
)
def test_a_schema_that_describes_no_plain_records_is_refused(text: str) -> None:
    for encoding in (JSON, "cdr"):
        with pytest.raises(RecordingError, match="description"):
            dtype_from_schema(text, encoding)
