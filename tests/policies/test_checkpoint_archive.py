"""What a checkpoint's archive may hold is judged before torch unfolds it: nothing is run, and nothing grows."""

import io
import os
import pickle
import struct
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.memory_limit import at_most_more
from understudy.contract.errors import CheckpointError
from understudy.policies import checkpoint_archive
from understudy.policies.checkpoint import Checkpoint, CheckpointMeta, load_checkpoint, save_checkpoint
from understudy.policies.checkpoint_archive import judged_archive

META = CheckpointMeta(policy="tactician", encoding="understudy-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    saved = tmp_path / "best_model.pt"
    training = {"state": OrderedDict(w=torch.arange(6.0)), "numbers": (1, 2**100, 0.5, None, True), "list": [[1], []]}
    save_checkpoint(saved, Checkpoint(meta=META, weights={"w": torch.ones(3, 2)}, training=training))
    return saved


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    with at_most_more(500_000_000):
        yield


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


def with_pickle(path: Path, instructions: bytes, entries: dict[str, bytes] | None = None) -> Path:
    """An archive with a pickle written by hand."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + instructions + b".")
        for name, content in (entries or {}).items():
            archive.writestr(f"archive/{name}", content)
    return path


def one_sentence(path: Path) -> str:
    with pytest.raises(CheckpointError) as problem:
        load_checkpoint(path)
    text = str(problem.value)
    assert text.isprintable() and text.endswith(".") and len(text) < 600
    return text


def test_what_passes_is_read_by_torch_as_it_was(path: Path) -> None:
    before, after = content_of(path), torch.load(judged_archive(path), weights_only=True)
    assert torch.equal(before["weights"]["w"], after["weights"]["w"])
    assert torch.equal(before["training"]["state"]["w"], after["training"]["state"]["w"])
    assert before["training"]["numbers"] == after["training"]["numbers"] == (1, 2**100, 0.5, None, True)
    assert after["training"]["list"] == [[1], []]


def test_every_kind_of_number_that_a_checkpoint_may_hold_passes(path: Path) -> None:
    kinds = (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.uint8,
        torch.bool,
    )
    weights = {str(kind): torch.ones(4, 3).to(kind) for kind in kinds}
    weights |= {"turned": torch.arange(12.0).view(4, 3).T, "cut": torch.arange(12.0)[5:], "none": torch.zeros(0, 3)}
    weights |= {"alone": torch.tensor(3.0), "learnt": torch.ones(2, requires_grad=True)}
    save_checkpoint(path, Checkpoint(meta=META, weights=weights))
    read = load_checkpoint(path).weights
    assert all(torch.equal(read[name], value) for name, value in weights.items())


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**10),
        torch.zeros(1, 70_000).expand(70_000, 70_000),
        torch.zeros(10).as_strided((10,), (0,)).expand(10**9, 10),
    ],
    ids=["one number", "one row", "one column"],
)
def test_a_tensor_that_repeats_its_numbers_is_refused(path: Path, tensor: torch.Tensor) -> None:
    torch.save({**content_of(path), "weights": {"w": tensor}}, path)
    assert "has a tensor that is larger than its numbers" in one_sentence(path)


def test_many_views_of_the_same_numbers_are_refused(path: Path) -> None:
    numbers = torch.zeros(100_000)
    torch.save({**content_of(path), "weights": {f"w{number}": numbers.view(1, -1) for number in range(2000)}}, path)
    assert "unfolds to more than its own size" in one_sentence(path)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: torch.sparse_coo_tensor([[0]], [1.0], (10**9,)), "torch._utils._rebuild_sparse_tensor"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "torch._utils._rebuild_nested_tensor"),
        (lambda: torch.empty(10**12, device="meta"), "torch._utils._rebuild_meta_tensor_no_storage"),
        (lambda: torch.nn.Parameter(torch.ones(2)), "torch._utils._rebuild_parameter"),
        (lambda: torch.ones(2, dtype=torch.complex64), "torch.ComplexFloatStorage"),
        (lambda: torch.float32, "torch.float32"),
    ],
    ids=["sparse", "nested", "meta", "parameter", "complex", "a type"],
)
def test_what_is_no_dense_tensor_of_plain_numbers_is_refused_by_name(path: Path, make: Any, name: str) -> None:
    torch.save({**content_of(path), "weights": {"w": make()}}, path)
    assert f"asks to run code on loading ('{name}')" in one_sentence(path)


def test_entries_that_unfold_are_refused(path: Path) -> None:
    saved = path.read_bytes()
    for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(path, "w", compression) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
            new.writestr("archive/data/99", bytes(300_000_000 if compression == zipfile.ZIP_DEFLATED else 1000))
        assert "unfolds to more than its own size" in one_sentence(path) or "in another way" in one_sentence(path)


def test_the_pickle_that_is_judged_is_the_one_that_is_read(path: Path) -> None:
    saved, hostile = path.read_bytes(), b"\x80\x02cposix\nmkdir\nX\x01\x00\x00\x00a\x85R."
    for name, says in (("best_model/data.pkl", "holds an entry twice"), ("x/data.pkl", "packs its entries in another")):
        path.write_bytes(saved)
        with zipfile.ZipFile(path) as archive:
            folder = archive.namelist()[0].partition("/")[0]
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
            warnings.simplefilter("ignore")  # zipfile warns of an entry that is there already
            archive.writestr(name.replace("best_model", folder), hostile)
        assert says in one_sentence(path)
    path.write_bytes(b"PK\x03\x04" + hostile + saved)
    assert torch.equal(load_checkpoint(path).weights["w"], torch.ones(3, 2))


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word)) + word.encode()


DOUBLED = b")q\x00" + b"h\x00\x86q\x00" * 60
"""A pair of a pair of a pair: 250 bytes that stand for 2^60 values."""
DEEP = b")" + b"\x85" * 200_000
PICKLES = {
    "a key that holds itself twice": (b"}" + DOUBLED + b"K\x01s", "has a key that is neither a name nor a number"),
    "a value that holds itself twice": (b"}" + text("w") + DOUBLED + b"s", "is nested too deeply"),
    "tuples in tuples": (b"}" + text("w") + DEEP + b"s", "is nested too deeply"),
    "a key of tuples in tuples": (b"}" + DEEP + b"K\x01s", "has a key that is neither a name nor a number"),
    "a list in itself": (b"]q\x00h\x00a", "is nested too deeply"),
    "a list that is long and met often": (b"]q\x00(" + b"K\x01" * 9000 + b"e](" + b"h\x00" * 9000 + b"e", "has no end"),
    "a call of bytearray": (b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R", "asks to run code on loading"),
    "a call of a tensor": (b"ctorch\nFloatTensor\nJ\xff\xff\xff\x7f\x85R", "asks to run code on loading"),
    "a call of a storage": (b"ctorch\nFloatStorage\nK\x05\x85R", "asks to run code on loading"),
    "an ordered dict of pairs": (b"ccollections\nOrderedDict\n](K\x01K\x02\x86e\x85R", "asks to run code on loading"),
    "a name that is built": (b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93", "holds the instruction STACK_GLOBAL"),
    "an object": (b"ccollections\nOrderedDict\n)\x81", "holds the instruction NEWOBJ"),
    "a filled dict": (b"ccollections\nOrderedDict\n)R}" + text("items") + b"K\x01sb", "fills in something"),
    "a filled list": (b"]}b", "fills in something that is no state dict"),
    "another protocol": (b"\x80\x04K\x01", "holds the instruction PROTO"),
    "a class as a value": (b"]ctorch\nFloatStorage\na", "neither a plain value nor a tensor"),
    "no end": (b"}" + b"K\x010" * 10, "holds the instruction POP"),
    "an empty stack": (b"", "is torn"),
    "a slot that nothing is in": (b"h\x05", "is torn"),
    "numbers that are not there": (
        b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ\xff\xff\xff\x7ftQK\x00",
        "says that there are more numbers than there are",
    ),
}


def test_what_torch_says_of_a_torn_entry_is_shown_without_its_control_characters(path: Path) -> None:
    content = view(b"K\x00", b"K\x04\x85", b"K\x01\x85")
    assert r"little\x00" in one_sentence(with_pickle(path, content, {"data/0": bytes(16), "byteorder": b"little\0"}))


@pytest.mark.parametrize(("instructions", "says"), PICKLES.values(), ids=PICKLES.keys())
@pytest.mark.timeout(200)
def test_a_hostile_pickle_is_refused_with_a_sentence(path: Path, instructions: bytes, says: str) -> None:
    assert says in one_sentence(with_pickle(path, instructions, {"data/0": bytes(8)}))


def view(offset: bytes, size: bytes, stride: bytes) -> bytes:
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x04tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + size + stride + b"\x89" + hooks + b"tR"


def test_a_view_beyond_its_numbers_is_refused_whatever_it_says(path: Path) -> None:
    one, four, large, negative = b"K\x01", b"K\x04", b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\xff"
    good = view(b"K\x00", four + b"\x85", one + b"\x85")
    assert torch.load(judged_archive(with_pickle(path, good, {"data/0": bytes(16)}))).shape == (4,)
    for offset, size, stride in (
        (one, four + b"\x85", one + b"\x85"),
        (b"K\x00", four + b"\x85", large + b"\x85"),
        (b"K\x00", large + b"\x85", b"K\x00\x85"),
        (b"K\x00", large + large + b"\x86", b"K\x00K\x00\x86"),
        (large, one + b"\x85", one + b"\x85"),
        (negative, one + b"\x85", one + b"\x85"),
        (b"K\x00", negative + b"\x85", one + b"\x85"),
        (b"K\x00", four + b"\x85", negative + b"\x85"),
        (b"K\x00", four + b"\x85", b")"),
        (b"K\x00", four, one),
        (b"K\x00", DOUBLED, one + b"\x85"),
        (b"G" + struct.pack(">d", 0.0), four + b"\x85", one + b"\x85"),
    ):
        with_pickle(path, view(offset, size, stride), {"data/0": bytes(16)})
        sentence = one_sentence(path)
        assert "larger than its numbers" in sentence or "describes a tensor in another way" in sentence


def test_a_file_that_is_no_file_or_larger_than_any_checkpoint_is_not_read(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(checkpoint_archive.MAX_BYTES + 1)
    assert "more than any checkpoint of understudy (537 MB at most)" in one_sentence(path)
    if hasattr(os, "mkfifo"):
        path.unlink()
        os.mkfifo(path)
        assert "cannot be read (it is no file)" in one_sentence(path)


def test_the_file_of_another_program_says_what_is_wanted(path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), path)
    assert "asks to run code on loading ('torch.nn.modules.linear.Linear')" in one_sentence(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    assert "is not a checkpoint of understudy: give a best_model.pt" in one_sentence(path)
