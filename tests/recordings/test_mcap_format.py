import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.writer import CompressionType, IndexType

from tests.support.mcap_files import rewrite
from tests.support.synthetic_episodes import assert_same, info_of, made_up
from understudy.contract.intent import no_intent
from understudy.recordings import mcap_format
from understudy.recordings.mcap_writer import CHUNK_TICKS, McapWriter
from understudy.recordings.ros2_schema import CDR_HEADER


@pytest.mark.parametrize("ticks", [0, 1, CHUNK_TICKS, 5 * CHUNK_TICKS + 3])
@pytest.mark.parametrize("with_intents", [False, True])
def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path, ticks: int, with_intents: bool) -> None:
    episode = made_up(ticks, with_intents=with_intents and ticks > 0)
    mcap_format.write(episode, tmp_path / "one.mcap")
    read = mcap_format.read(tmp_path / "one.mcap")
    assert_same(episode, read)
    assert read.losses == (() if ticks else ("not one whole tick is in it",))
    assert [path.name for path in tmp_path.iterdir()] == ["one.mcap"]


def test_an_episode_without_mouse_or_intents_comes_back_without(tmp_path: Path) -> None:
    episode = made_up(40, with_inputs=False)
    mcap_format.write(episode, tmp_path / "one.mcap")
    assert_same(episode, mcap_format.read(tmp_path / "one.mcap"))


def test_ticks_without_an_intent_between_ticks_with_one_read_as_no_intent(tmp_path: Path) -> None:
    episode = made_up(4 * CHUNK_TICKS, with_intents=True)
    assert episode.intents is not None
    episode.intents[CHUNK_TICKS : 2 * CHUNK_TICKS] = no_intent(CHUNK_TICKS).records
    mcap_format.write(episode, tmp_path / "one.mcap")
    assert_same(episode, mcap_format.read(tmp_path / "one.mcap"))


def test_appending_in_pieces_gives_the_same_episode_as_writing_at_once(tmp_path: Path) -> None:
    episode = made_up(100)
    writer = McapWriter(tmp_path / "pieces.mcap", episode.info)
    for part in (episode[:5], episode[5:41], episode[41:]):
        writer.append(part.observations, part.actions, part.actors, part.inputs, part.intents)
    writer.close()
    writer.close()
    assert_same(episode, mcap_format.read(tmp_path / "pieces.mcap"))


def test_a_recording_is_never_overwritten_by_a_new_one(tmp_path: Path) -> None:
    McapWriter(tmp_path / "one.mcap", info_of()).close()
    with pytest.raises(FileExistsError):
        McapWriter(tmp_path / "one.mcap", info_of())


def test_mcaps_own_reader_finds_every_message_at_its_true_time(tmp_path: Path) -> None:
    episode = made_up(50)
    mcap_format.write(episode, tmp_path / "one.mcap")
    expected_ns = np.rint(episode.observations["time_s"] * 1e9).astype(int).tolist()
    with (tmp_path / "one.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.channel_message_counts[1] == 50
        assert summary.statistics.message_start_time == expected_ns[0]
        messages = [message for _, _, message in reader.iter_messages(topics=["/observation"])]
        assert [message.log_time for message in messages] == expected_ns
        assert [message.sequence for message in messages] == list(range(50))
        assert messages[7].data == CDR_HEADER + episode.observations[7].tobytes()
        later = [message.sequence for *_, message in reader.iter_messages(["/action"], starting_at=expected_ns[30])]
        assert later == list(range(30, 50))
        assert [record.name for record in reader.iter_metadata()] == ["understudy"]


def test_the_games_events_stand_in_the_file_as_json(tmp_path: Path) -> None:
    episode = made_up(50)
    mcap_format.write(episode, tmp_path / "one.mcap")
    with (tmp_path / "one.mcap").open("rb") as file:
        found = {
            message.sequence: json.loads(message.data)
            for _, channel, message in make_reader(file).iter_messages(["/game_events"])
            if channel.message_encoding == "json"
        }
    events = episode.observations["events"]
    for tick in range(50):
        expected = {name: float(events[name][tick]) for name in events.dtype.names if events[name][tick]}
        assert found.get(tick, {}) == expected
    assert found


OTHER_TOOLS: dict[str, dict[str, Any]] = {
    "zstd": {"chunk_size": 5000, "compression": CompressionType.ZSTD},
    "lz4": {"chunk_size": 5000, "compression": CompressionType.LZ4},
    "uncompressed": {"chunk_size": 5000, "compression": CompressionType.NONE},
    "one large chunk": {"chunk_size": 2**25},
    "unchunked": {"use_chunking": False},
    "without summary": {
        "use_statistics": False,
        "use_summary_offsets": False,
        "repeat_channels": False,
        "repeat_schemas": False,
        "index_types": IndexType.NONE,
    },
    "with every checksum": {"enable_data_crcs": True},
    "without checksums": {"enable_crcs": False},
}


@pytest.mark.parametrize("options", OTHER_TOOLS.values(), ids=OTHER_TOOLS)
def test_a_file_that_another_mcap_tool_rewrote_reads_the_same(tmp_path: Path, options: dict[str, Any]) -> None:
    episode = made_up(60, with_intents=True)
    mcap_format.write(episode, tmp_path / "ours.mcap")
    rewrite(tmp_path / "ours.mcap", tmp_path / "theirs.mcap", **options)
    theirs = mcap_format.read(tmp_path / "theirs.mcap")
    assert_same(episode, theirs)
    assert theirs.losses == ()


def test_ticks_that_another_tool_left_without_numbers_are_counted_by_their_times(tmp_path: Path) -> None:
    episode = made_up(60, with_intents=True)
    mcap_format.write(episode, tmp_path / "ours.mcap")
    rewrite(tmp_path / "ours.mcap", tmp_path / "theirs.mcap", lambda sequence: 0)
    theirs = mcap_format.read(tmp_path / "theirs.mcap")
    assert_same(episode, theirs)
    assert theirs.losses == ()


def test_ticks_that_share_a_number_are_left_out_and_counted(tmp_path: Path) -> None:
    mcap_format.write(made_up(60), tmp_path / "ours.mcap")
    rewrite(tmp_path / "ours.mcap", tmp_path / "theirs.mcap", lambda sequence: sequence // 2)
    read = mcap_format.read(tmp_path / "theirs.mcap")
    assert len(read) == 30
    assert "90 messages have the number of an earlier one" in " ".join(read.losses)


def test_an_event_whose_text_is_damaged_is_shown_and_hides_no_other(tmp_path: Path) -> None:
    episode = made_up(30)
    mcap_format.write(episode, tmp_path / "ours.mcap")
    rewrite(tmp_path / "ours.mcap", tmp_path / "plain.mcap", use_chunking=False, enable_crcs=False)
    data = (tmp_path / "plain.mcap").read_bytes()
    (tmp_path / "plain.mcap").write_bytes(data.replace(b"press\0", b"pre\xffs\0"))
    kinds = {event.kind for event in mcap_format.read(tmp_path / "plain.mcap").inputs}
    assert kinds == {"move", "pre\\xffs", "release"}
