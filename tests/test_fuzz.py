"""A few hundred changed files of each kind, and that the fuzzer finds what is to be found."""

import os
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from understudy.contract.errors import RecordingError

COUNTS = {
    "recordings": 200,
    "pickles": 200,
    "profiles": 200,
    "checkpoints": 200,
    "onnx": 15,
    "corrections": 200,
    "audits": 20,
    "exports": 60,
    "datasets": 3,
}


@pytest.fixture
def fuzz(project_root: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    monkeypatch.syspath_prepend(str(project_root / "benchmarks"))
    import fuzz

    return fuzz


def test_changed_files_are_read_with_a_statement_or_refused_in_a_sentence(project_root: Path) -> None:
    """In a process of its own: without the checks of shapes at every call it is four times as fast."""
    flags = [text for kind, count in COUNTS.items() for text in (f"--{kind}", str(count))]
    command = [sys.executable, str(project_root / "benchmarks" / "fuzz.py"), *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for kind, count in COUNTS.items():
        assert f"{kind}: {count} cases" in ended.stdout


def test_every_kind_of_file_is_tried_here(fuzz: types.ModuleType) -> None:
    assert set(COUNTS) == set(fuzz.KINDS)


def faulty_open(path: Path) -> str:
    """Opens a file of one byte in all the ways in which it should not be opened."""
    fault = path.read_bytes()[0]
    if fault == 1:
        raise ZeroDivisionError("division by zero")
    if fault == 2:
        raise RecordingError("no sentence is so long" * 200)
    if fault == 3:
        until_s = time.process_time() + 2.0  # longer than the alarm waits
        while time.process_time() < until_s:
            pass
    if fault == 4:
        len(bytearray(b"x") * 2**26)  # more than malloc ever takes from what was freed
    if fault == 5:
        os.system("true")
    return "good" if fault in (0, 4, 7) else "other"


@pytest.fixture
def one_fault(fuzz: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of file that has every fault, and small limits."""

    def opened(path: Path) -> object:
        return fuzz.Opened(faulty_open(path).encode(), ("said",) if path.read_bytes()[0] == 8 else ())

    kind = fuzz.Kind(
        ".bin",
        lambda folder: [bytes([0])],
        lambda data, draw, trace: fuzz.Mutant(bytes([fuzz.case]), True, "made"),
        opened,
    )
    monkeypatch.setitem(fuzz.KINDS, "faulty", kind)
    monkeypatch.setattr(fuzz, "MAX_S", 0.4)
    monkeypatch.setattr(fuzz, "MAX_BYTES", 2**20)


EXPECTED = {
    0: "silent",
    1: "traceback",
    2: "traceback",
    3: "slow",
    4: "memory",
    5: "executed",
    6: "accepted",
    8: "stated",
}


@pytest.mark.usefixtures("one_fault")
@pytest.mark.parametrize(("case", "outcome"), EXPECTED.items())
def test_the_fuzzer_finds_every_kind_of_fault(
    fuzz: types.ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: int, outcome: str
) -> None:
    if outcome == "memory" and sys.platform != "linux":
        pytest.skip("the peak of memory is read from /proc")
    monkeypatch.setattr(fuzz, "case", case, raising=False)
    report = fuzz.run("faulty", 1, seed=0, keep=tmp_path)
    assert report.counts == {outcome: 1}
    assert (tmp_path / "faulty_0_0.bin").read_bytes() == bytes([case])


def test_a_case_depends_on_its_number_alone(fuzz: types.ModuleType, tmp_path: Path) -> None:
    for first, folder in ((4, "one"), (5, "other"), (4, "again")):
        fuzz.run("pickles", 1, seed=7, first=first, keep=tmp_path / folder)
    (one,), (other,), (again,) = (sorted((tmp_path / name).iterdir()) for name in ("one", "other", "again"))
    assert one.name == again.name == "pickles_7_4.pkl"
    assert one.read_bytes() == again.read_bytes()
    assert one.read_bytes() != other.read_bytes()
