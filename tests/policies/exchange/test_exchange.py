"""Exported policies come back with the same weights and decisions to the bit; a bad folder is one sentence."""

import dataclasses
import hashlib
import json
import math
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch

from tests.support.small_policies import write_brain
from understudy.contract.errors import CheckpointError, EncodingMismatchError
from understudy.policies.checkpoint import BEST, Checkpoint, save_checkpoint
from understudy.policies.exchange.exchange_format import CARD, CONFIG, HAND
from understudy.policies.exchange.export_folder import ExportedPolicies, export_policies, write_folder
from understudy.policies.exchange.import_folder import import_policies
from understudy.policies.inference_backend import make_backend
from understudy.policies.policy_bundle import build_policies, load_levels
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.worlds.simulator.world import Simulator

SEED = np.array([5], np.uint64)
TICKS = 200


@pytest.fixture(scope="module", params=[(0, "each"), (3, "together")], ids=["plain", "press_times and places"])
def levels(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Checkpoint]:
    models, (press_times, places) = tmp_path_factory.mktemp("models"), request.param
    found = load_levels(write_brain(models, seed=31, press_times=press_times, pointer_places=places))
    executor = found["executor"]
    meta = dataclasses.replace(executor.meta, metrics={"nll": 1.25, "nll_baseline": 2.5}, data_hash="0123abc", epoch=3)
    return {**found, "executor": dataclasses.replace(executor, meta=meta)}


@pytest.fixture(scope="module")
def exported(levels: dict[str, Checkpoint]) -> ExportedPolicies:
    return export_policies(levels)


@pytest.fixture
def folder(tmp_path: Path, exported: ExportedPolicies) -> Path:
    write_folder(tmp_path / "export", exported, "# A card\n")
    return tmp_path / "export"


def played(levels: dict[str, Checkpoint], library: str) -> bytes:
    """Actions and intents of 200 ticks of the embedded game."""
    world = Simulator(SEED)
    policies = build_policies(levels)
    pilot = HierarchicalPolicy(policies, world.profile, make_backend(policies, library))
    carry, parts = pilot.start(SEED), []
    for _ in range(TICKS):
        decision = pilot.decide(world.observe(), carry)
        parts += [decision.action.records.tobytes(), decision.intent.records.tobytes()]
        world.act(decision.action)
    return b"".join(parts)


def test_the_configuration_is_json_even_if_a_metric_is_not_a_number(
    levels: dict[str, Checkpoint], tmp_path: Path
) -> None:
    executor = levels["executor"]
    meta = dataclasses.replace(executor.meta, metrics={"nll": 1.25, "recall": math.nan, "loss": math.inf})
    write_folder(tmp_path, export_policies({**levels, "executor": dataclasses.replace(executor, meta=meta)}), "")

    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    config = json.loads((tmp_path / CONFIG).read_text(encoding="utf-8"), parse_constant=refused)
    assert config["networks"]["executor"]["meta"]["metrics"] == {"nll": 1.25}


def test_weights_and_metadata_come_back_to_the_bit(levels: dict[str, Checkpoint], folder: Path) -> None:
    back = import_policies(folder)
    assert list(back) == list(levels) == ["strategist", "tactician", "executor"]
    for policy, level in levels.items():
        assert back[policy].identity == level.identity and back[policy].meta == level.meta
        assert all(torch.equal(weight, back[policy].weights[name]) for name, weight in level.weights.items())


@pytest.mark.parametrize("library", ["torch", "onnxruntime"])
def test_the_imported_policies_play_the_same_200_ticks(
    levels: dict[str, Checkpoint], folder: Path, library: str, tmp_path: Path
) -> None:
    before = played(levels, library)
    for policy, level in import_policies(folder).items():
        save_checkpoint(tmp_path / "models" / policy / BEST, level)
    assert played(load_levels(tmp_path / "models"), library) == before
    other = {**levels, "executor": dataclasses.replace(levels["executor"], weights=_changed(levels["executor"]))}
    assert played(other, library) != before, "these ticks show a change of weights"


def _changed(level: Checkpoint) -> dict[str, torch.Tensor]:
    return {name: weight + 0.1 if weight.is_floating_point() else weight for name, weight in level.weights.items()}


def test_an_executor_that_was_trained_alone_is_exported_alone(levels: dict[str, Checkpoint], tmp_path: Path) -> None:
    executor = levels["executor"]
    alone = dataclasses.replace(executor, meta=dataclasses.replace(executor.meta, lineage=()))
    write_folder(tmp_path / "export", export_policies({"executor": alone}), "")
    assert not (tmp_path / "export" / "tactician.onnx").exists()
    assert list(import_policies(tmp_path / "export")) == ["executor"]


def test_the_networks_have_the_inputs_and_outputs_that_the_config_names(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    for policy, network in config["networks"].items():
        session = onnxruntime.InferenceSession(str(folder / f"{policy}.onnx"), providers=["CPUExecutionProvider"])
        for given, named in ((session.get_inputs(), "inputs"), (session.get_outputs(), "outputs")):
            assert [one.name for one in given] == [spec["name"] for spec in network[named]]
        feed = {spec["name"]: np.zeros(spec["shape"], spec["dtype"]) for spec in network["inputs"]}
        for spec, value in zip(network["outputs"], session.run(None, feed), strict=True):
            assert value.shape == tuple(spec["shape"]) and value.dtype == spec["dtype"]


def test_other_programs_read_the_weights_and_whose_they_are(levels: dict[str, Checkpoint], folder: Path) -> None:
    with safetensors.safe_open(folder / "executor.safetensors", "np") as file:
        assert file.metadata()["identity"] == levels["executor"].identity
        assert set(file.keys()) == set(levels["executor"].weights)


def test_an_export_replaces_an_earlier_one_and_the_card_may_be_rewritten(
    levels: dict[str, Checkpoint], folder: Path
) -> None:
    other = {**levels, "executor": dataclasses.replace(levels["executor"], weights=_changed(levels["executor"]))}
    write_folder(folder, export_policies(other), "# Another\n")
    (folder / CARD).write_text("Mine.", encoding="utf-8")
    assert import_policies(folder)["executor"].identity == other["executor"].identity


def test_an_export_of_before_is_read_as_it_was_sampled(tmp_path: Path) -> None:
    levels, folder = load_levels(write_brain(tmp_path / "models", seed=31)), tmp_path / "export"
    write_folder(folder, export_policies(levels), "")

    def of_before(config: dict[str, Any]) -> None:
        config["format"] = 1
        del config["sampling"]["pointer_places"]
        del config["networks"]["executor"]["meta"]["config"]["pointer_places"]

    config_with(of_before)(folder)
    back = build_policies(import_policies(folder))
    assert back.sampling == build_policies(levels).sampling and back.executor.config.pointer_places == "each"


def test_an_export_that_was_cut_short_is_no_export(exported: ExportedPolicies, folder: Path) -> None:
    cut_short = ExportedPolicies(exported.config, {**exported.files, "no/such/folder": b""})
    with pytest.raises(OSError, match="no/such"):
        write_folder(folder, cut_short, "")
    with pytest.raises(CheckpointError, match=r"no .*config\.json"):
        import_policies(folder)


Edit = Callable[[Path], None]


def config_with(change: Callable[[dict[str, Any]], Any]) -> Edit:
    def edit(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        change(config)
        (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")

    return edit


def content(name: str, data: bytes, *, resealed: bool = False) -> Edit:
    """Replaces a file, and its digest too where somebody means harm."""

    def edit(folder: Path) -> None:
        (folder / name).write_bytes(data)
        if resealed:
            config_with(lambda config: config["sha256"].update({name: hashlib.sha256(data).hexdigest()}))(folder)

    return edit


def safetensors_with(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + body


def exchange_rule(config: dict[str, Any]) -> None:
    """Has the executor's places of the map sampled by the other rule than the export says."""
    executor = config["networks"]["executor"]["meta"]["config"]
    executor["pointer_places"] = {"each": "together", "together": "each"}[executor["pointer_places"]]


def infinite_weight(folder: Path) -> None:
    weights = safetensors.torch.load_file(folder / "executor.safetensors")
    weights["start.bias"][0] = float("inf")
    content("executor.safetensors", safetensors.torch.save(weights), resealed=True)(folder)


def pipe_in_place_of_weights(folder: Path) -> None:
    (folder / "executor.safetensors").unlink()
    os.mkfifo(folder / "executor.safetensors")


def huge_file(folder: Path) -> None:
    with (folder / "executor.onnx").open("wb") as file:
        file.truncate(600 * 2**20)  # sparse


BAD: dict[str, tuple[Edit, str]] = {
    "no config": (lambda folder: (folder / CONFIG).unlink(), "There is no"),
    "no weights": (lambda folder: (folder / "executor.safetensors").unlink(), "There is no"),
    "no network": (lambda folder: (folder / "executor.onnx").unlink(), "There is no"),
    "torn weights": (lambda folder: os.truncate(folder / "executor.safetensors", 1000), "is torn"),
    "torn hand": (lambda folder: os.truncate(folder / HAND, 100), "is torn"),
    "torn config": (lambda folder: os.truncate(folder / CONFIG, 100), "cannot be read"),
    "other network": (content("executor.onnx", b"not an ONNX file"), "is torn"),
    "config of nothing": (content(CONFIG, b"{}"), "has no format"),
    "config of a list": (content(CONFIG, b"[]"), "no JSON object"),
    "config of bytes": (content(CONFIG, b"\xff\xfe"), "cannot be read"),
    "deep config": (content(CONFIG, b"[" * 100_000), "cannot be read"),
    "newer format": (config_with(lambda config: config.update(format=3)), "newer version"),
    "unknown key": (config_with(lambda config: config.update(run="rm")), "unknown key"),
    "another policy": (
        config_with(lambda config: config["networks"].update({"../../x": config["networks"]["executor"]})),
        "does not name its policies",
    ),
    "no executor": (config_with(lambda config: config["networks"].pop("executor")), "does not name its policies"),
    "no tactician": (config_with(lambda config: config["networks"].pop("tactician")), "lacks a policy"),
    "another file": (config_with(lambda config: config["sha256"].update({"/etc/passwd": "00"})), "list of files"),
    "other temperatures": (
        config_with(lambda config: config["sampling"].update(pointer_temperature=1.0)),
        "other temperatures",
    ),
    "another rule of the pointer": (config_with(exchange_rule), "other temperatures"),
    "other weights": (
        config_with(lambda config: config["networks"]["executor"].update(identity="0" * 16)),
        "names other weights",
    ),
    "a larger model": (
        config_with(lambda config: config["networks"]["executor"]["meta"]["config"].update(width=4096)),
        "do not fit",
    ),
    "long header": (content("executor.safetensors", struct.pack("<Q", 2**62), resealed=True), "header's length"),
    "empty weights": (content("executor.safetensors", b"", resealed=True), "is torn"),
    "tensor beyond the file": (
        content(
            "executor.safetensors",
            safetensors_with(b'{"a":{"dtype":"F32","shape":[1000000],"data_offsets":[0,4000000]}}'),
            resealed=True,
        ),
        "is torn",
    ),
    "other tensors": (
        content("executor.safetensors", safetensors.torch.save({"a": torch.zeros(1)}), resealed=True),
        "names other weights",
    ),
    "a pickle": (content("executor.safetensors", b"\x80\x04cos\nsystem\n.", resealed=True), "header's length"),
    "weights that are no numbers": (infinite_weight, "names other weights"),
    "hand without tables": (content(HAND, b"{}", resealed=True), "no usable hand"),
    "hand of words": (content(HAND, b'{"duration": "fast"}', resealed=True), "no usable hand"),
    "huge file": (huge_file, "MB"),
}


@pytest.mark.parametrize(("edit", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_folder_is_one_sentence(folder: Path, edit: Edit, sentence: str) -> None:
    edit(folder)
    with pytest.raises(CheckpointError, match=sentence) as refused:
        import_policies(folder)
    assert "\n" not in str(refused.value) and str(refused.value).endswith(".")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    pipe_in_place_of_weights(folder)
    with pytest.raises(CheckpointError, match="is no file"):
        import_policies(folder)


def test_another_encoding_is_named(folder: Path) -> None:
    config_with(lambda config: config.update(encoding="gesture-1"))(folder)
    with pytest.raises(EncodingMismatchError, match="gesture-1"):
        import_policies(folder)


def test_any_cut_and_any_changed_byte_is_noticed(folder: Path) -> None:
    chance = np.random.default_rng(0)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for _ in range(5):
            at = int(chance.integers(len(whole)))
            for bad in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
                path.write_bytes(bad)
                if path.name in (CARD, CONFIG):
                    continue  # the card is for people; a changed letter in a name in config.json is no damage
                with pytest.raises(CheckpointError):
                    import_policies(folder)
        path.write_bytes(whole)
    assert import_policies(folder)


def test_the_feeding_and_sampling_of_an_exported_policy_import_no_torch() -> None:
    code = "import sys; import understudy.policies.encoder, understudy.policies.sampling; print('torch' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"


def test_a_long_name_of_an_encoding_is_cut_in_the_sentence(folder: Path) -> None:
    path = folder / CONFIG
    config = json.loads(path.read_text(encoding="utf-8"))
    config["encoding"] = "x" * 5000
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(EncodingMismatchError) as problem:
        import_policies(folder)
    assert len(str(problem.value)) < 400 + len(str(folder))
