"""Training that goes on from weights: the file that comes along computes what it did, and other classes begin anew."""

from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.contract.errors import CheckpointError
from understudy.learning.detector.network import DetectorConfig, DetectorNetwork, YoloOutput
from understudy.learning.detector.start_weights import read_exported, start_from
from understudy.learning.detector.synthetic_scenes import random_scenes
from understudy.learning.detector.train import ENCODING
from understudy.perception.onnx_detector import WEIGHTS
from understudy.worlds.catalog import load_profile

SHIPPED = Path("shipped")


def scenes(count: int, seed: int) -> torch.Tensor:
    """Pictures as the network takes them, (count, 3, 384, 640)."""
    pictures = np.stack([one.picture for one in random_scenes(load_profile(), count, seed, 360)])
    padded = torch.full((count, 3, 384, 640), 114 / 255)
    padded[:, :, :360] = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return padded


def test_the_shipped_weights_compute_what_their_file_does_and_stay_so_in_training() -> None:
    import onnxruntime

    names = tuple(kind.name for kind in load_profile().kinds)
    network, pictures = DetectorNetwork(DetectorConfig(names=names)), scenes(6, 3)
    start_from(network, SHIPPED, ENCODING, pictures)
    session = onnxruntime.InferenceSession(str(WEIGHTS / "darkorbit.onnx"), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"images": pictures[:1].numpy()})[0]
    output = YoloOutput(network, 384, 640)
    with torch.no_grad():
        here = output.eval()(pictures[:1]).numpy()
        training = output.train()(pictures).numpy()
    assert np.abs(here[:, 4:] - expected[:, 4:]).max() < 0.01
    assert np.abs(training[:1, 4:] - expected[:, 4:]).max() < 0.2, "batch statistics instead of the file's, no jump"


def test_classes_of_the_same_name_are_taken_over_and_others_begin_anew() -> None:
    layers, names = read_exported(WEIGHTS / "darkorbit.onnx")
    network = DetectorNetwork(DetectorConfig(names=("rock", "portal")))
    start_from(network, SHIPPED, ENCODING, scenes(2, 4))
    weight = layers[-1][0]
    assert torch.equal(network.head.weight[:4], weight[:4])
    assert torch.equal(network.head.weight[5], weight[4 + names.index("portal")])
    assert not any(torch.equal(network.head.weight[4], row) for row in weight)


def test_what_cannot_be_gone_on_from_is_one_sentence(tmp_path: Path) -> None:
    network, pictures = DetectorNetwork(DetectorConfig(names=("rock",))), torch.zeros(1, 3, 64, 64)
    with pytest.raises(CheckpointError, match="There are no weights"):
        start_from(network, tmp_path / "none.onnx", ENCODING, pictures)
    (tmp_path / "torn.onnx").write_bytes(b"\x08\x07 torn")
    with pytest.raises(CheckpointError, match="is no file that"):
        start_from(network, tmp_path / "torn.onnx", ENCODING, pictures)
    small = DetectorNetwork(DetectorConfig(names=("rock",), stem=8))
    with pytest.raises(CheckpointError, match="is no file that"):
        start_from(small, SHIPPED, ENCODING, pictures)
