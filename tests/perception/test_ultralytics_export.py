"""A .pt file is looked through before anything trusts it."""

import os
import pickle
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from understudy.contract.errors import CheckpointError, MissingExtraError
from understudy.perception.ultralytics_export import convert_once, names_in


def write_pickle(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", content)
    return path


class Hostile:
    """What a hostile file holds: something that runs a command while it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"echo was here > {self.mark}",)


def test_weights_that_would_run_a_command_are_refused_and_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    path = write_pickle(tmp_path / "best.pt", pickle.dumps({"model": Hostile(mark)}))
    with pytest.raises(CheckpointError, match=r"would run (posix|nt|os)\.system"):
        convert_once(path)
    assert not mark.exists()


@pytest.mark.parametrize("name", [b"cbuiltins\neval\n", b"ctorch.hub\nload\n", b"csubprocess\nPopen\n"])
def test_other_ways_to_run_code_are_refused_too(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(CheckpointError, match="would run"):
        convert_once(write_pickle(tmp_path / "best.pt", name + b"(S'x'\ntR."))


def test_real_weights_of_torch_pass_the_look_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"model": torch.nn.Linear(3, 2), "names": {0: "alien"}}, tmp_path / "best.pt")
    assert any(name.startswith("torch.nn.modules.linear") for name in names_in(tmp_path / "best.pt"))
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(MissingExtraError, match="understudy\\[yolo\\]"):
        convert_once(tmp_path / "best.pt")


def test_weights_that_were_converted_before_need_ultralytics_no_more(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"whatever")
    (tmp_path / "best.onnx").write_bytes(b"newer")
    assert convert_once(tmp_path / "best.pt") == tmp_path / "best.onnx"


def test_a_file_that_is_no_weights_says_so(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"text")
    with pytest.raises(CheckpointError, match="no weights file"):
        convert_once(tmp_path / "best.pt")
    with pytest.raises(CheckpointError, match="There are no weights"):
        convert_once(tmp_path / "missing.pt")
