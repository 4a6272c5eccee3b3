"""The mailbox with one slot."""

import threading

from understudy.runtime.latest_value import Latest


def test_the_reader_gets_the_newest_value_once() -> None:
    box: Latest[int] = Latest()
    assert box.take() is None
    box.put(1)
    box.put(2)
    assert box.take() == 2
    assert box.take() is None
    assert box.num_replaced == 1


def test_values_that_are_false_are_values() -> None:
    box: Latest[int] = Latest()
    box.put(0)
    assert box.take() == 0


def test_waiting_ends_with_the_value_of_another_thread() -> None:
    box: Latest[str] = Latest()
    writer = threading.Timer(0.01, box.put, ["weights"])
    writer.start()
    assert box.take(timeout_s=30.0) == "weights"
    writer.join()


def test_waiting_in_vain_gives_nothing() -> None:
    box: Latest[str] = Latest()
    assert box.take(timeout_s=0.01) is None


def test_a_fast_writer_never_hands_an_older_value_after_a_newer_one() -> None:
    box: Latest[int] = Latest()
    taken: list[int] = []

    def read() -> None:
        while not taken or taken[-1] < 5000:
            value = box.take(timeout_s=10.0)
            assert value is not None
            taken.append(value)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 5001):
        box.put(number)
    reader.join(timeout=30)
    assert taken == sorted(set(taken))
    assert len(taken) + box.num_replaced == 5000
