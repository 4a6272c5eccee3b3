"""Checkpoints are written whole, read without running anything, and refused with one sentence."""

import io
import json
import os
import pickle
import random
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from understudy.contract import serialization
from understudy.contract.errors import CheckpointError, EncodingMismatchError
from understudy.policies.checkpoint import Checkpoint, CheckpointMeta, Parent, load_checkpoint, save_checkpoint


@dataclass(frozen=True, kw_only=True)
class SmallConfig:
    width: int = 8
    dropout: float = 0.1


def make_checkpoint(**changes: object) -> Checkpoint:
    torch.manual_seed(3)
    meta = CheckpointMeta(
        policy="tactician",
        encoding="understudy-1",
        config=serialization.to_plain(SmallConfig()),
        hand={"dwell_s": [0.1, 0.2]},
        data_hash="abc",
        lineage=(Parent(identity="f00d", what="strategist", when="2026-11-22T10:00:00"),),
        metrics={"accuracy": 0.5},
        epoch=7,
    )
    weights = {
        **torch.nn.Linear(5, 3).state_dict(),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "scalar": torch.tensor(2),
    }
    return Checkpoint(**{"meta": meta, "weights": weights, "training": None, **changes})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "tactician" / "best_model.pt"
    save_checkpoint(path, make_checkpoint())
    return path


def one_sentence(problem: pytest.ExceptionInfo) -> str:
    text = str(problem.value)
    assert "\n" not in text and text.endswith(".")
    return text


def test_everything_that_was_saved_comes_back(saved: Path) -> None:
    written, read = make_checkpoint(), load_checkpoint(saved, "tactician", "understudy-1")
    assert read.weights.keys() == written.weights.keys()
    assert all(torch.equal(read.weights[name], tensor) for name, tensor in written.weights.items())
    assert read.identity == written.identity
    assert read.meta.lineage == written.meta.lineage and read.meta.metrics == {"accuracy": 0.5} and read.meta.epoch == 7
    assert serialization.from_plain(SmallConfig, read.meta.config) == SmallConfig()
    assert read.meta.versions["torch"] == torch.__version__


def test_training_state_comes_back_with_its_types(tmp_path: Path) -> None:
    state = {"python": random.getstate(), "torch": torch.get_rng_state(), "step": 3, "wide": 2**127, "none": None}
    save_checkpoint(tmp_path / "last_model.pt", make_checkpoint(training=state))
    read = load_checkpoint(tmp_path / "last_model.pt").training
    assert read is not None
    assert read["python"] == state["python"] and read["wide"] == 2**127 and read["none"] is None
    assert torch.equal(read["torch"], state["torch"])


def test_the_identity_follows_the_weights_alone() -> None:
    one = make_checkpoint()
    other = make_checkpoint(meta=CheckpointMeta(policy="executor", encoding="x"))
    changed = make_checkpoint(weights={**one.weights, "bias": one.weights["bias"] + 1e-6})
    assert one.identity == other.identity != changed.identity


def test_no_unfinished_file_is_left_beside_it(saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == ["best_model.pt"]


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint") as problem:
        load_checkpoint(tmp_path / "best_model.pt")
    assert "understudy train" in one_sentence(problem)


def test_a_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read") as problem:
        load_checkpoint(tmp_path)
    one_sentence(problem)


def test_another_encoding_is_refused_by_name(saved: Path) -> None:
    with pytest.raises(EncodingMismatchError) as problem:
        load_checkpoint(saved, "tactician", "understudy-2")
    assert "'understudy-1'" in one_sentence(problem) and "'understudy-2'" in str(problem.value)


def test_another_policy_is_refused_by_name(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="holds the policy tactician where executor was expected"):
        load_checkpoint(saved, "executor")


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_cut_off_file_is_refused_with_a_sentence(saved: Path, keep: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(CheckpointError) as problem:
        load_checkpoint(saved)
    one_sentence(problem)


def test_a_flipped_byte_never_changes_what_is_read(saved: Path) -> None:
    content, written = saved.read_bytes(), make_checkpoint()
    chooser, refused = random.Random(5), 0
    for _ in range(150):
        flipped = bytearray(content)
        flipped[chooser.randrange(len(content))] ^= 1 << chooser.randrange(8)
        saved.write_bytes(flipped)
        try:
            read = load_checkpoint(saved)
        except CheckpointError:
            refused += 1
        else:  # padding between the entries may change without harm
            assert read.identity == written.identity
    assert refused > 20


class Hostile:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.witness),)


def test_a_hostile_archive_runs_nothing(saved: Path, tmp_path: Path) -> None:
    with saved.open("wb") as file:
        torch.save({"weights": Hostile(tmp_path / "ran")}, file)
    with pytest.raises(CheckpointError, match="asks to run code") as problem:
        load_checkpoint(saved)
    one_sentence(problem)
    assert not (tmp_path / "ran").exists()


def test_a_hostile_bare_pickle_runs_nothing(saved: Path, tmp_path: Path) -> None:
    saved.write_bytes(pickle.dumps(Hostile(tmp_path / "ran")))
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        load_checkpoint(saved)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content", [[1, 2], {"model": {}}, {"weights": 3, "meta": "{}", "format": 1, "identity": "", "training": None}]
)
def test_other_torch_files_are_refused(saved: Path, content: object) -> None:
    torch.save(content, saved)
    with pytest.raises(CheckpointError, match="is not a checkpoint of understudy"):
        load_checkpoint(saved)


def test_a_plain_zip_is_refused(saved: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    saved.write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError) as problem:
        load_checkpoint(saved)
    one_sentence(problem)


def test_an_unknown_word_in_the_description_is_refused(saved: Path) -> None:
    content = torch.load(saved, weights_only=True)
    torch.save({**content, "meta": content["meta"].replace('"policy"', '"policie"')}, saved)
    with pytest.raises(CheckpointError, match="policie"):
        load_checkpoint(saved)


@pytest.mark.parametrize("changes", [{"format": 2}, {"format": 9, "more": [1]}, {"format": 2, "weights": None}])
def test_a_newer_format_is_named_as_newer(saved: Path, changes: dict[str, object]) -> None:
    torch.save({**torch.load(saved, weights_only=True), **changes}, saved)
    with pytest.raises(CheckpointError, match="was written by a newer version of understudy") as problem:
        load_checkpoint(saved)
    assert f"(checkpoint format {changes['format']}, this version reads 1)" in one_sentence(problem)


@pytest.mark.parametrize(
    "changes",
    [
        *({"format": wrong} for wrong in (0, -1, "1", 1.0, True, None, [1])),
        *({"training": wrong} for wrong in (3, [], "x")),
        *({"weights": wrong} for wrong in (None, [], {3: torch.ones(1)}, {"w": 1.0}, {"w": {"w": torch.ones(1)}})),
    ],
)
def test_parts_of_another_type_make_no_checkpoint(saved: Path, changes: dict[str, object]) -> None:
    torch.save({**torch.load(saved, weights_only=True), **changes}, saved)
    with pytest.raises(CheckpointError, match="is not a checkpoint of understudy") as problem:
        load_checkpoint(saved)
    one_sentence(problem)


GOOD_META = serialization.to_plain(make_checkpoint().meta)
WRONG_META: dict[str, object] = {
    "no text": 3,
    "a list": ["{}"],
    "an empty text": "",
    "no JSON": "{",
    "deep": "[" * 100_000,
    "a deep config": json.dumps({**GOOD_META, "config": json.loads("[" * 60 + "]" * 60)}),
    "a list for a table": json.dumps([GOOD_META]),
    "a number for a name": json.dumps({**GOOD_META, "policy": 3}),
    "a path for a name": json.dumps({**GOOD_META, "policy": "../../x"}),
    "a name that colours the terminal": json.dumps({**GOOD_META, "encoding": "\x1b[31mred"}),
    "a path for an ancestor": json.dumps({**GOOD_META, "lineage": [{"identity": "../x*", "what": "a", "when": ""}]}),
    "a table for the lineage": json.dumps({**GOOD_META, "lineage": {"a": 1}}),
    "400 digits": json.dumps({**GOOD_META, "epoch": 10**400}),
    "a negative epoch": json.dumps({**GOOD_META, "epoch": -1}),
    "a list for a metric": json.dumps({**GOOD_META, "metrics": {"accuracy": [1]}}),
    "versions that are numbers": json.dumps({**GOOD_META, "versions": {"policy": 3}}),
}


@pytest.mark.parametrize("meta", WRONG_META.values(), ids=WRONG_META.keys())
def test_a_description_of_another_type_is_one_sentence(saved: Path, meta: object) -> None:
    torch.save({**torch.load(saved, weights_only=True), "meta": meta}, saved)
    with pytest.raises(CheckpointError, match="does not describe itself as a checkpoint should") as problem:
        load_checkpoint(saved)
    assert len(one_sentence(problem)) < 700


FILL_UP = """
import resource, signal, sys, torch
from pathlib import Path
from understudy.contract.errors import CheckpointError
from understudy.policies.checkpoint import Checkpoint, CheckpointMeta, save_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
big = Checkpoint(meta=CheckpointMeta(policy="tactician", encoding="e"), weights={"w": torch.zeros(100_000)})
try:
    save_checkpoint(Path(sys.argv[1]), big)
except CheckpointError as problem:
    print(problem)
"""


@pytest.mark.skipif(os.name == "nt", reason="file size limits are a POSIX thing")
def test_a_disk_that_takes_no_more_leaves_the_old_checkpoint(saved: Path) -> None:
    before = saved.read_bytes()
    command = [sys.executable, "-B", "-c", FILL_UP, str(saved)]  # bytecode would be cut short as well
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "could not be written" in done.stdout and "untouched" in done.stdout
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["best_model.pt"]
