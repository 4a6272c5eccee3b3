"""Pickles made by hand, instruction by instruction, that used to end the process or never to end."""

import pickle
import time

import numpy as np
import pytest

from understudy.contract.errors import HostileRecordingError, RecordingError
from understudy.recordings.pickles import restricted_pickle

GOOD = pickle.dumps({"a": np.float64(3.5), "b": np.arange(6.0)}, 4)


def name(module: str, attribute: str) -> bytes:
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def tuples_that_hold_themselves_twice(times: int) -> bytes:
    """A key whose hash would look at 2**times values."""
    return b"\x80\x04}K\x01\x94" + b"".join(b"h" + bytes([i]) + b"\x86\x94" for i in range(times)) + b"Ns."


def numbers_whose_hashes_collide(count: int) -> bytes:
    """Keys that are multiples of the modulus of Python's hashes of numbers."""
    modulus = 2**61 - 1
    return pickle.dumps({number * modulus: None for number in range(count)}, 4)


NEVER_ENDING = {
    "a key that is a tuple that holds itself twice, 40 times": tuples_that_hold_themselves_twice(40),
    "a key of 180,000 nested tuples": b"\x80\x04})" + b"\x85" * 180_000 + b"Ns.",
    "a key of 40,000 nested tuples in a set of items": b"\x80\x04}()" + b"\x85" * 40_000 + b"Nu.",
    "40,000 nested tuples that are no key": b"\x80\x04)" + b"\x85" * 40_000 + b".",
    "20,000 nested lists": b"\x80\x04" + b"]" * 20_000 + b"a" * 19_999 + b".",
    "a list in itself": b"\x80\x04]\x94h\x00a.",
    "a table in itself": b"\x80\x04}\x94K\x01h\x00s.",
    "a table that is its own key": b"\x80\x04}\x94h\x00Ns.",
    "colliding keys": numbers_whose_hashes_collide(5_000),
    "a number of a million bits": pickle.dumps({2**1_000_000: None}, 4),
    "200,001 instructions": b"\x80\x04" + b"N0" * 100_001 + b"N.",
    "marks without end": b"\x80\x04" + b"(" * 20_000 + b"t" * 20_000 + b".",
}


@pytest.mark.parametrize("data", NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_what_used_to_never_end_or_to_end_the_process_is_refused_at_once(data: bytes) -> None:
    began_s = time.process_time()
    with pytest.raises(RecordingError, match=r"evil\.pkl"):
        restricted_pickle.load(data, "evil.pkl")
    assert time.process_time() - began_s < 5


ARRAY, TYPE = name("numpy", "ndarray"), name("numpy", "dtype")
REBUILD, SCALAR = name("numpy.core.multiarray", "_reconstruct"), name("numpy.core.multiarray", "scalar")
POISON = {
    "a slot of the class of numbers": SCALAR + b"N}\x8c\x05value" + REBUILD + b"s\x86b.",
    "a method of the class of arrays": ARRAY + b"N}\x8c\x0c__setstate__" + REBUILD + b"s\x86b.",
    "the class of types": TYPE + b"N}\x8c\x04make" + SCALAR + b"s\x86b.",
    "a state of a list": b"]N}\x8c\x06append" + REBUILD + b"s\x86b.",
    "a state of a number": b"K\x01}b.",
    "a function as a value": ARRAY + b".",
    "a type as a value": TYPE + b"\x8c\x02f8\x85R.",
    "a call of an array": ARRAY + b")R)R.",
    "a call of text": b"\x8c\x02os)R.",
    "a call with a list": ARRAY + b"]R.",
    "a scalar of a list": SCALAR + b"]]\x86R.",
}


@pytest.mark.parametrize("data", POISON.values(), ids=POISON)
def test_no_file_changes_how_the_next_one_is_read(data: bytes) -> None:
    with pytest.raises(RecordingError):
        restricted_pickle.load(b"\x80\x04" + data, "poison.pkl")
    read = restricted_pickle.load(GOOD, "good.pkl")
    assert read["a"] == 3.5
    assert read["b"].tolist() == [0, 1, 2, 3, 4, 5]


UNSOUND = {
    "more than one value in the end": b"\x80\x04NN.",
    "a mark in the end": b"\x80\x04N(.",
    "a tuple of less than it takes": b"\x80\x04N(N\x86.",
    "an odd number of items": b"\x80\x04}(K\x01u.",
    "items of a list": b"\x80\x04]K\x01Ns.",
    "an append to a table": b"\x80\x04}Na.",
    "a memory slot that is empty": b"\x80\x04h\x07.",
}


@pytest.mark.parametrize("data", UNSOUND.values(), ids=UNSOUND)
def test_instructions_that_make_no_sense_are_damage(data: bytes) -> None:
    with pytest.raises(RecordingError, match="damaged"):
        restricted_pickle.load(data, "broken.pkl")


@pytest.mark.parametrize("key", [1, 1.5, None, True, b"x", ("t", 2), ("a", ("b", ("c",)))])
def test_plain_keys_of_every_kind_are_read(key: object) -> None:
    assert restricted_pickle.load(pickle.dumps({key: "there"}, 4), "fine.pkl") == {key: "there"}


@pytest.mark.parametrize("key", [frozenset({1}), (1,) * 17, np.float64(1.0)])
def test_other_keys_are_refused(key: object) -> None:
    with pytest.raises(HostileRecordingError):
        restricted_pickle.load(pickle.dumps({key: "there"}, 4), "odd.pkl")


def test_what_is_shared_in_a_file_stays_shared() -> None:
    array = np.arange(3.0)
    read = restricted_pickle.load(pickle.dumps([array, array], 4), "fine.pkl")
    assert read[0] is read[1]


def test_the_same_bytes_as_many_arrays_are_refused() -> None:
    """A hundred bytes each make an array of a megabyte."""
    data = bytes(10**6)
    array = np.frombuffer(data, "u1")
    reduced = array.__reduce__()
    several = [_Rebuilt(reduced[0], reduced[1], (1, (10**6,), array.dtype, False, data)) for _ in range(50)]
    with pytest.raises(HostileRecordingError, match="times its size"):
        restricted_pickle.load(pickle.dumps(several, 4), "large.pkl")


class _Rebuilt:
    """Pickles like an array of the given parts."""

    def __init__(self, *parts: object) -> None:
        self.parts = parts

    def __reduce__(self) -> tuple[object, ...]:
        return self.parts


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        ((2,), bytes(15)),
        ((2, 2**62), bytes(16)),
        ((-1,), bytes(16)),
        ((1,) * 9, bytes(8)),
        ("22", bytes(16)),
        ((0,), bytes(8)),
    ],
)
def test_an_array_whose_shape_and_bytes_do_not_agree_is_damage(shape: object, content: bytes) -> None:
    array = np.zeros(2)
    made = _Rebuilt(*array.__reduce__()[:2], (1, shape, array.dtype, False, content))
    with pytest.raises(RecordingError):
        restricted_pickle.load(pickle.dumps(made, 4), "broken.pkl")


def test_text_without_length_is_no_way_to_endless_arrays() -> None:
    array = np.zeros(0, "S1")
    made = _Rebuilt(*array.__reduce__()[:2], (1, (10**12,), np.dtype("S0"), False, b""))
    with pytest.raises(RecordingError):
        restricted_pickle.load(pickle.dumps(made, 4), "broken.pkl")
