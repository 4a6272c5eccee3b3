import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from tests.support.synthetic_episodes import made_up
from understudy.cli.record import record_teacher
from understudy.recordings import mcap_format
from understudy.recordings.episode import Episode
from understudy.recordings.mcap_channels import inputs_to_records
from understudy.recordings.ros2_schema import MAX_TEXT, dtype_from_schema, schema_name, schema_text
from understudy.recordings.store import read_episode

LINE = "=" * 80
NESTED = (
    f"understudy/Ship[2] ships\nchar[8] name\n{LINE}\nMSG: understudy/Ship\nfloat32[2] place\nuint16 kind\nuint16 pad\n"
)
SHIP = np.dtype([("place", "f4", (2,)), ("kind", "u2"), ("pad", "u2")])
RECORD = np.dtype([("ships", SHIP, (2,)), ("name", "S8")])


def test_a_schema_lists_the_fields_and_behind_a_line_those_of_the_messages_in_it() -> None:
    assert schema_text(RECORD) == NESTED
    assert dtype_from_schema(NESTED) == RECORD
    assert schema_name("/game_events") == "understudy/msg/GameEvents"


def test_a_record_of_one_number_has_the_field_data() -> None:
    assert schema_text(np.dtype("i1")) == "int8 data\n"
    assert dtype_from_schema("int8 data\n") == np.dtype("i1")


@pytest.mark.parametrize(
    ("dtype", "problem"),
    [
        (np.dtype([("a", "u1"), ("b", "f4")]), "CDR puts it at 4"),
        (np.dtype([("a", "f4"), ("b", "u1")], align=True), "end at 5"),
        (np.dtype([("a", "f4", (2, 2))]), "one dimension"),
        (np.dtype([("a", "f2")]), "float16"),
        (np.dtype([("a", [("b", "f4")]), ("c", [("a", [("d", "i4")])])], align=True), "two kinds"),
    ],
)
def test_records_that_are_no_cdr_are_refused_when_they_are_written(dtype: np.dtype, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        schema_text(dtype)


def test_fields_lie_where_cdr_aligns_them() -> None:
    dtype = dtype_from_schema("uint8 a\nfloat64 b\nuint8 c\nuint16 d\n")
    assert [dtype.fields[name][1] for name in dtype.names] == [0, 8, 16, 18]
    assert dtype.itemsize == 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        "float32",
        "float32 a # comment",
        "float32 A=1",
        "string a",
        "float32[] a",
        "float32[0] a",
        "float32[<=4] a",
        "float32 a\nfloat32 a",
        "float64[999999] a",
        "understudy/Self a\n" + LINE + "\nMSG: understudy/Self\nunderstudy/Self a\n",
        "understudy/Ship a\n" + LINE + "\nMSG: other/Ship\nfloat32 a\n",
        "understudy/Gap[2] a\n" + LINE + "\nMSG: understudy/Gap\nfloat32 a\nuint8 b\n",
        NESTED + LINE + "\nMSG: understudy/Ship\nuint8 a\n",
        "uint8 a\n" * MAX_TEXT,
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each in words of its own
        dtype_from_schema(text)


def test_messages_in_messages_cost_no_time_that_grows_with_their_product() -> None:
    levels = [f"{LINE}\nMSG: understudy/L{n}\n" + f"understudy/L{n + 1}[99] a\n" * 2 for n in range(4)]
    text = "understudy/L0 a\n" + "".join(levels) + f"{LINE}\nMSG: understudy/L4\nuint8 a\n"
    before_s = time.process_time()
    with pytest.raises(ValueError, match=r"deep|fields"):
        dtype_from_schema(text)
    assert time.process_time() - before_s < 0.1


def plain(value: Any) -> Any:
    """A decoded message or a numpy record as nested lists of numbers; text as a list of its bytes."""
    if isinstance(value, np.void):
        return [plain(value[name]) for name in value.dtype.names or ()]
    if isinstance(value, list | tuple | bytes | np.ndarray):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, int | float):
        return value
    return [plain(getattr(value, name)) for name in value.__slots__]


def test_mcap_ros2_support_decodes_every_message_to_the_values_that_were_recorded(tmp_path: Path) -> None:
    assert_decoded(made_up(60, with_intents=True, with_timings=True), tmp_path / "one.mcap")


@pytest.mark.slow
def test_mcap_ros2_support_decodes_every_message_of_a_session(tmp_path: Path) -> None:
    assert_decoded(read_episode(record_teacher("hunter", 1.0, 5, tmp_path, sessions=1)[0]), tmp_path / "again.mcap")


def assert_decoded(episode: Episode, path: Path) -> None:
    """Writes an episode and compares each value that mcap-ros2-support decodes with that of the episode."""
    mcap_format.write(episode, path)
    recorded = records_of(episode)
    num_messages = Counter()
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        for schema, channel, message, decoded in reader.iter_decoded_messages(topics=list(recorded)):
            assert (schema.name, channel.message_encoding) == (schema_name(channel.topic), "cdr")
            stored = recorded[channel.topic][message.sequence]
            for name in stored.dtype.names or ("data",):
                value = stored[name] if stored.dtype.names else stored
                if value.dtype.kind == "S":
                    value = np.frombuffer(value.ljust(stored.dtype[name].itemsize, b"\0"), "u1")
                assert str(plain(getattr(decoded, name))) == str(plain(value)), (channel.topic, name)
            num_messages[channel.topic] += 1
    assert num_messages == {topic: len(records) for topic, records in recorded.items() if len(records)}


def records_of(episode: Episode) -> dict[str, np.ndarray]:
    found = {
        "/observation": episode.observations,
        "/action": episode.actions,
        "/actor": episode.actors,
        "/input": inputs_to_records(episode.inputs),
        "/intent": episode.intents,
        "/timing": episode.timings,
    }
    return {topic: records for topic, records in found.items() if records is not None}
