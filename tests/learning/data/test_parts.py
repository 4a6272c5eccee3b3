"""Much play is learnt part by part: every episode belongs to one part, and the next part is loaded meanwhile."""

import threading

from understudy.learning.data.parts import PartLoader, split_into_parts


def test_little_play_is_one_part_in_its_order() -> None:
    assert split_into_parts([5, 3, 2], 10) == [[0, 1, 2]]
    assert split_into_parts([50, 30, 20], None) == [[0, 1, 2]]


def test_much_play_is_cut_into_parts_of_nearly_equal_length() -> None:
    parts = split_into_parts([6000] * 100, 60_000)
    assert sorted(number for part in parts for number in part) == list(range(100))
    assert {len(part) for part in parts} == {10}
    assert split_into_parts([6000] * 100, 60_000) == parts
    assert all(max(part) - min(part) > 20 for part in parts)  # neighbours, of one day, are spread over the parts


def test_the_next_part_is_loaded_on_another_thread() -> None:
    loaded: list[tuple[int, bool]] = []
    ready = threading.Event()

    def load(number: int) -> int:
        loaded.append((number, threading.current_thread() is threading.main_thread()))
        if number == 1:
            ready.set()
        return 10 * number

    loader = PartLoader(load)
    assert loader.get(0, 1) == 0
    assert ready.wait(30.0)
    assert loader.get(1, 0) == 10 and loader.get(1, 0) == 10
    assert loader.get(0, None) == 0
    assert loaded == [(0, True), (1, False), (0, False)]
