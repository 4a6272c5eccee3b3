"""A .pt file is judged, loaded and converted by torch's own safe tools, and what is more than weights is not run."""

import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from tests.support.stand_in_ultralytics import write_stand_in
from understudy.contract.errors import CheckpointError, MissingExtraError
from understudy.perception.ultralytics_export import convert_once

TRAIN = """
import pathlib, sys, numpy as np, torch
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils import IterableSimpleNamespace
model = DetectionModel("{0: 'alien', 1: 'box'}")
model.args = IterableSimpleNamespace(imgsz=64)
content = {"model": model, "ema": None, "epoch": 3, "save_dir": pathlib.Path("runs"), "best": np.float64(0.5)}
torch.save(content, sys.argv[1])
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stand_in(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def weights(package: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("trained") / "best.pt"
    environment = {**os.environ, "PYTHONPATH": str(package)}
    subprocess.run([sys.executable, "-c", TRAIN, str(path)], env=environment, check=True)
    return path.read_bytes()


@pytest.fixture
def with_package(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(package))


@pytest.fixture
def without_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if subprocess.run([sys.executable, "-c", "import ultralytics"], capture_output=True).returncode == 0:
        pytest.skip("ultralytics is installed")
    monkeypatch.delenv("PYTHONPATH", raising=False)


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


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as problem:
        convert_once(path)
    text = str(problem.value)
    assert "\n" not in text and text.startswith(str(path)) and text.endswith(".") and len(text) < 700
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name], "nothing is left, and nothing was made"
    return text


@pytest.mark.usefixtures("with_package")
def test_weights_are_converted_once_and_nothing_else_is_left(tmp_path: Path, weights: bytes) -> None:
    path = tmp_path / "best.pt"
    path.write_bytes(weights)
    assert convert_once(path) == tmp_path / "best.onnx"
    assert (tmp_path / "best.onnx").read_bytes() == b"converted ['alien', 'box']"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["best.onnx", "best.pt"]
    (tmp_path / "best.onnx").write_bytes(b"newer")
    assert convert_once(path).read_bytes() == b"newer", "what was converted before needs ultralytics no more"


@pytest.mark.usefixtures("without_package")
def test_weights_that_pass_want_the_extra(tmp_path: Path, weights: bytes) -> None:
    (tmp_path / "best.pt").write_bytes(weights)
    with pytest.raises(MissingExtraError, match="understudy\\[yolo\\]"):
        convert_once(tmp_path / "best.pt")


@pytest.mark.usefixtures("without_package")
def test_weights_that_would_run_a_command_are_refused_and_nothing_is_run(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "best.pt", pickle.dumps({"model": Hostile(tmp_path / "mark")}, protocol=2))
    assert "would run '" in refusal(path)


def pickled(instructions: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("best/version", "3\n")
        archive.writestr("best/data.pkl", b"\x80\x02" + instructions + b".")
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_pickle_that_is_judged_is_the_one_that_is_read(tmp_path: Path, weights: bytes) -> None:
    path, hostile = tmp_path / "best.pt", b"\x80\x02cos\nmkdir\nX\x04\x00\x00\x00mark\x85R."
    for name in ("best/data.pkl", "x/best/data.pkl", "a/data.pkl"):
        path.write_bytes(weights)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, hostile)
        assert "nothing of it was run; delete it" in refusal(path)


def test_entries_that_unfold_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("best/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("best/data/0", bytes(200_000_000))
    assert "unfolds to more than its own size" in refusal(path)


def test_a_file_that_is_no_weights_says_so(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    for content in (b"text", pickle.dumps({}), b"PK\x03\x04 and no more"):
        path.write_bytes(content)
        assert "is no weights file as torch writes it" in refusal(path)
    with pytest.raises(CheckpointError, match="There are no weights"):
        convert_once(tmp_path / "missing.pt")


MODEL = b"cultralytics.nn.tasks\nDetectionModel\n"
CODE = b"__import__('os').mkdir('mark')"
TEXT = b"X" + len(CODE).to_bytes(4, "little") + CODE
HOSTILE = {
    "a model built from text": (MODEL + TEXT + b"\x85R", "calls the constructor of DetectionModel"),
    "a model made with text": (MODEL + TEXT + b"\x85\x81", "calls the constructor of DetectionModel"),
    "a class that is no layer": (b"cultralytics.nn.tasks\nLoader\n)\x81", "which is no layer"),
    "a layer that there is not": (b"cultralytics.nn.tasks\nOldModel\n)\x81", "another version of ultralytics"),
    "a module that there is not": (b"cultralytics.nn.old.parts\nConv\n)\x81", "another version of ultralytics"),
    "no model": (b"}", "holds no model of ultralytics"),
    "ten gigabytes": (b"cbuiltins\nbytearray\n\x8a\x05\x00\xe4\x0bT\x02\x85R", "more memory than a detector's weights"),
    "a key that never ends": (b"})q\x00" + b"h\x00\x86q\x00" * 60 + b"K\x01s", "found no end while it was judged"),
    "an empty model": (b"}X\x05\x00\x00\x00model" + MODEL + b")\x81s", "could not be converted by ultralytics"),
}


@pytest.mark.usefixtures("with_package")
@pytest.mark.parametrize(("instructions", "says"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_passes_by_its_names_still_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instructions: bytes, says: str
) -> None:
    monkeypatch.chdir(tmp_path)  # where a mark would be made
    path = tmp_path / "best.pt"
    path.write_bytes(pickled(instructions))
    assert says in refusal(path)


def test_the_look_through_itself_takes_what_torch_saves(tmp_path: Path) -> None:
    torch.save({"model": torch.nn.Linear(3, 2), "names": {0: "alien"}}, tmp_path / "best.pt")
    with pytest.raises((MissingExtraError, CheckpointError)) as problem:
        convert_once(tmp_path / "best.pt")
    assert "would run" not in str(problem.value)
