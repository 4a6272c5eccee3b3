import numpy as np
import pytest

from tests.support.mcap_files import message, record
from understudy.recordings.mcap_messages import MessageTable, StoredChannel, split_records

F8 = np.dtype("<f8")
A = StoredChannel("/a", F8, b"")


def eight(number: float) -> bytes:
    return np.float64(number).tobytes()


def table_of(data: bytes, *more: bytes) -> MessageTable:
    table = MessageTable()
    for each in (data, *more):
        table.add(split_records(each)[0])
    return table


def test_messages_that_alternate_between_channels_are_joined_by_channel_in_their_order() -> None:
    data = b"".join(message(1 + n % 2, eight(n), n) for n in range(10))
    numbers, arrays = table_of(data).by_topic({1: A, 2: StoredChannel("/b", F8, b"")}, print)
    assert arrays["/a"].tolist() == [0, 2, 4, 6, 8]
    assert arrays["/b"].tolist() == [1, 3, 5, 7, 9]
    assert numbers["/b"].tolist() == [1, 3, 5, 7, 9]


def test_messages_of_a_wrong_length_are_counted_and_the_others_kept() -> None:
    losses: list[str] = []
    data = message(1, eight(1), 1) + message(1, b"short", 2) + message(1, eight(3), 3)
    numbers, arrays = table_of(data).by_topic({1: A}, losses.append)
    assert arrays["/a"].tolist() == [1, 3]
    assert numbers["/a"].tolist() == [1, 3]
    assert losses == ["1 messages of /a have a wrong length"]


def test_two_channels_of_one_topic_are_one() -> None:
    data = message(1, eight(1), 1) + message(7, eight(2), 2)
    _, arrays = table_of(data).by_topic({1: A, 7: A}, print)
    assert arrays["/a"].tolist() == [1, 2]


def test_a_channel_without_messages_is_empty() -> None:
    _, arrays = table_of(b"").by_topic({1: A}, print)
    assert arrays["/a"].shape == (0,)
    assert arrays["/a"].dtype == F8


def test_other_records_are_given_apart_and_messages_are_counted_by_channel() -> None:
    data = record(3, b"schema") + message(5, b"x") + record(4, b"channel") + message(5, b"yy")
    rows, others = split_records(data)
    assert [each[0] for each in others] == [3, 4]
    table = MessageTable()
    table.add(rows)
    assert (table.count(5), table.count(6)) == (2, 0)


@pytest.mark.parametrize("cut", [1, 5, 12, 30])
def test_a_row_that_ends_within_a_record_is_refused_as_a_whole(cut: int) -> None:
    with pytest.raises(Exception, match=r"over the end|unpack_from"):
        split_records(message(1, eight(1)) * 3 + message(1, eight(1))[:-cut])


def test_a_message_that_is_shorter_than_its_head_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        split_records(record(5, b"\x01\x00"))
