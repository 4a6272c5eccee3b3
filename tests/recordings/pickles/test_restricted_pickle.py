import builtins
import operator
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.contract.errors import HostileRecordingError, RecordingError
from understudy.recordings.pickles import restricted_pickle


class Calls:
    """Pickles to a call of any function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def hostile_values(trace: Path) -> dict[str, Any]:
    command = f"touch {trace}"
    return {
        "a system call": Calls(os.system, command),
        "eval": Calls(builtins.eval, f"open({str(trace)!r}, 'w')"),
        "exec in a dict in a list": [{"deep": (Calls(builtins.exec, f"open({str(trace)!r}, 'w')"),)}],
        "open": Calls(builtins.open, str(trace), "w"),
        "getattr to reach further": Calls(operator.attrgetter, "system"),
        "a nested reduce": Calls(builtins.list, Calls(builtins.map, os.system, [command])),
        "numpy.load": Calls(np.load, str(trace)),
        "numpy.fromfile by way of an array": [np.zeros(3), Calls(np.fromfile, str(trace))],
        "a key that calls": {Calls(os.system, command): 1},
    }


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", list(hostile_values(Path("x"))))
def test_a_pickle_that_calls_anything_is_refused_and_nothing_runs(tmp_path: Path, name: str, protocol: int) -> None:
    trace = tmp_path / "trace"
    data = pickle.dumps(hostile_values(trace)[name], protocol)
    with pytest.raises(HostileRecordingError, match="nothing of it was run"):
        restricted_pickle.load(data, "evil.pkl")
    assert not trace.exists()


HANDMADE = {
    "INST": b"(S'true'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'true'\no.",
    "NEWOBJ": b"\x80\x02cbuiltins\nlist\n)\x81.",
    "EXT": b"\x80\x02\x82\x01.",
    "PERSID": b"Pfile\n.",
    "a memory slot far away": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "dots in a name": b"\x80\x04\x8c\x02os\x8c\x0bpath.exists\x93.",
}


@pytest.mark.parametrize("name", list(HANDMADE))
def test_a_pickle_made_by_hand_is_refused_too(name: str) -> None:
    with pytest.raises(HostileRecordingError):
        restricted_pickle.load(HANDMADE[name], "evil.pkl")


@pytest.mark.parametrize("data", [b"", b"\x80", b"not a pickle", pickle.dumps([1, 2])[:-3], b"\x80\x04R."])
def test_a_damaged_pickle_is_an_error_in_one_sentence(data: bytes) -> None:
    with pytest.raises(RecordingError, match=r"broken\.pkl"):
        restricted_pickle.load(data, "broken.pkl")


def array_pickle(shape: tuple[int, ...], content: bytes, code: str = "f4") -> bytes:
    """A pickle of an array whose parts need not fit."""
    template = pickle.dumps(np.zeros(2, code), protocol=2)
    assert pickle.loads(template).shape == (2,)
    parts = (1, shape, np.dtype(code), False, content)
    return pickle.dumps(_StateOnly(parts), protocol=4)


class _StateOnly:
    """Pickles like an array with the given state."""

    def __init__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def __reduce__(self) -> Any:
        return (np.zeros(1).__reduce__()[0], (np.ndarray, (0,), b"b"), self.state)


def test_an_array_that_claims_more_than_its_bytes_allocates_nothing() -> None:
    assert restricted_pickle.load(array_pickle((2,), bytes(8)), "fine.pkl").shape == (2,)
    with pytest.raises(RecordingError):
        restricted_pickle.load(array_pickle((10**12,), bytes(8)), "bomb.pkl")


def test_an_array_allocated_by_a_call_is_refused() -> None:
    with pytest.raises(RecordingError):
        restricted_pickle.load(pickle.dumps(Calls(np.ndarray, (10**13,)), 4), "bomb.pkl")


@pytest.mark.parametrize(
    "array", [np.array([{}, []], object), np.zeros(2, [("a", "f4")]), np.zeros(2, "M8[s]")], ids=["O", "V", "M"]
)
def test_arrays_of_anything_but_numbers_and_text_are_refused(array: np.ndarray) -> None:
    with pytest.raises(RecordingError):
        restricted_pickle.load(pickle.dumps(array, 4), "odd.pkl")


def test_lists_within_lists_without_end_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(HostileRecordingError, match="levels"):
        restricted_pickle.load(pickle.dumps(deep, 4), "deep.pkl")


def test_shared_lists_that_would_unfold_to_billions_are_refused() -> None:
    laughs: list[Any] = ["ha"]
    for _ in range(30):
        laughs = [laughs] * 10
    with pytest.raises(HostileRecordingError, match="values"):
        restricted_pickle.load(pickle.dumps(laughs, 4), "laughs.pkl")


ORDERS = ["C", "F"]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("code", ["f4", ">f8", "i1", "u4", "?", "S5", "U3", "c8"])
def test_plain_arrays_come_back_in_every_order_and_type(code: str, order: str, protocol: int) -> None:
    array = np.asarray(np.arange(12).reshape(3, 4).astype(code), order=order)  # type: ignore[call-overload]
    read = restricted_pickle.load(pickle.dumps({"a": array, "s": array[0, 0]}, protocol), "fine.pkl")
    assert read["a"].dtype == array.dtype
    assert read["a"].tolist() == array.tolist()
    assert read["s"] == array[0, 0]


def test_builtins_come_back() -> None:
    value = {"a": [1, -(2**70), 1.5, True, None], ("t", 2): "ü" * 300, "b": b"\x00\xff" * 200, 3: {"x": {}}, "e": ()}
    assert restricted_pickle.load(pickle.dumps(value, 4), "fine.pkl") == value


def sentence_of(data: bytes) -> str:
    """What the reader says of it; the name alone when it read it."""
    try:
        restricted_pickle.load(data, "noise.pkl")
    except RecordingError as problem:
        return str(problem)
    return "noise.pkl"


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_never_do_more_than_raise_one_sentence(data: bytes) -> None:
    assert "noise.pkl" in sentence_of(data)


@given(st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_good_pickle_with_one_byte_changed_never_does_more_than_raise(place: int, value: int) -> None:
    good = bytearray(pickle.dumps({"a": np.arange(6.0), "b": ["x", 1, (2.5, None)], "n": struct.pack("<Q", 5)}, 4))
    good[place % len(good)] = value
    assert "noise.pkl" in sentence_of(bytes(good))
