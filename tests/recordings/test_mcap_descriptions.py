import json
from pathlib import Path

import pytest
from mcap import records as mcap_records
from mcap.opcode import Opcode

from tests.support.mcap_files import place_of
from tests.support.synthetic_episodes import made_up
from understudy.contract.action import ACTION
from understudy.contract.errors import RecordingError
from understudy.recordings import mcap_format, store
from understudy.recordings.mcap_channels import SCHEMA_ENCODING
from understudy.recordings.mcap_descriptions import MAX_DESCRIPTIONS, Descriptions, info_checksum
from understudy.recordings.mcap_writer import schemas_and_channels


def described(losses: list[str], *changes: tuple[bytes, bytes]) -> Descriptions:
    """What a file says whose first copy of the schemas has changes, and whose second has none."""
    found = Descriptions(losses.append)
    schemas, channels = schemas_and_channels()
    for schema in schemas:
        for old, new in changes:
            data = schema.data.replace(old, new)
            found.add_schema(mcap_records.Schema(id=schema.id, data=data, encoding=SCHEMA_ENCODING, name=schema.name))
        found.add_schema(schema)
    for channel in channels:
        found.add_channel(channel)
    return found


def test_the_channels_of_ours_are_found_by_number() -> None:
    losses: list[str] = []
    found = described(losses).readable_channels()
    assert found[2][:2] == ("/action", ACTION)
    assert len(found) == 6
    assert losses == []


@pytest.mark.parametrize("new", [b"\xffloat32", b"float64", b"float16", b"float32[9999999]", b"string", b"[" * 9999])
def test_a_damaged_copy_of_a_schema_is_told_and_the_other_taken(new: bytes) -> None:
    losses: list[str] = []
    found = described(losses, (b"float32", new)).readable_channels()
    assert found[2][:2] == ("/action", ACTION)
    assert any("/action" in loss for loss in losses)


def test_a_description_of_the_recording_that_was_changed_is_told() -> None:
    losses: list[str] = []
    found = Descriptions(losses.append)
    text = json.dumps({"pilot": "person"})
    values = {"format_version": "1", "info": text.replace("person", "parson"), "info_crc32": info_checksum(text)}
    found.add_metadata(mcap_records.Metadata(name="understudy", metadata=values))
    assert found.info == {"pilot": "parson"}
    assert "was changed" in losses[0]


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 10**5, '"\\', "1" * 5000])
def test_a_description_that_is_none_is_an_error(text: str) -> None:
    found = Descriptions(print)
    with pytest.raises((ValueError, RecursionError)):
        found.add_metadata(mcap_records.Metadata(name="understudy", metadata={"format_version": "1", "info": text}))
    assert found.info == {}


def test_descriptions_that_repeat_count_once_and_those_that_never_end_are_refused() -> None:
    found = Descriptions(print)
    assert found.is_new(b"one")
    assert not any(found.is_new(b"one") for _ in range(10**4))
    with pytest.raises(ValueError, match="more than"):
        [found.is_new(bytes([number % 256, number // 256])) for number in range(MAX_DESCRIPTIONS + 1)]


SCHEMA_DAMAGE = {
    "a byte that is no text": (b"float64 time_s", b"float64\xfftime_s"),
    "another type": (b"float32 cursor_x", b"float33 cursor_x"),
    "another name": (b"cursor_x", b"cursor_z"),
    "a length that is none": (b"Track[20]", b"Track[-0]"),
    "a length that is huge": (b"Track[20]", b"Track[9999]"),
    "a message that is missing": (b"MSG: understudy/Track", b"MSG: understudy/Trick"),
}


@pytest.mark.parametrize("name", list(SCHEMA_DAMAGE))
def test_damage_in_a_schema_is_one_sentence_with_the_name_of_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "one.mcap"
    mcap_format.write(made_up(30), path)
    whole = path.read_bytes()
    _, end = place_of(whole, Opcode.METADATA)
    path.write_bytes(whole[:end] + whole[end:].replace(*SCHEMA_DAMAGE[name]))
    with pytest.raises(RecordingError, match=r"one\.mcap"):
        store.read_episode(path)
    path.write_bytes(
        whole[:end] + whole[end:].replace(*SCHEMA_DAMAGE[name], 1)
    )  # and where only one of the two copies is damaged
    read = store.read_episode(path)
    assert len(read) == 30
    assert read.losses
