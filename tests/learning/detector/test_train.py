"""A detector learns what squares are, and its ONNX file says the same as the network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.contract.errors import TrainingError
from understudy.learning.detector.network import DetectorConfig, DetectorNetwork
from understudy.learning.detector.onnx_export import export_onnx
from understudy.learning.detector.synthetic_scenes import LabelledImage, random_scenes, teacher_scenes
from understudy.learning.detector.task import DetectorTask
from understudy.learning.detector.yolo_dataset import read_labelled, split
from understudy.learning.training.trainer import fit
from understudy.learning.training.trainer_config import FitConfig
from understudy.perception.onnx_detector import OnnxDetector
from understudy.policies.checkpoint import CheckpointMeta, load_checkpoint
from understudy.worlds.catalog import load_profile

COLOURS = ((220, 60, 40), (60, 200, 80))
SIDE = 96


def squares(count: int, seed: int) -> list[LabelledImage]:
    """Pictures with one red (0) and one green (1) square on dark noise."""
    generator, pictures = np.random.default_rng(seed), []
    for _ in range(count):
        picture = generator.integers(0, 40, (SIDE, SIDE, 3)).astype(np.uint8)
        boxes = []
        for number, colour in enumerate(COLOURS):
            x, y = generator.integers(14, SIDE // 2 - 2), generator.integers(14, SIDE - 14)
            x += number * (SIDE // 2 - 6)
            picture[y - 8 : y + 8, x - 8 : x + 8] = colour
            boxes.append((x / SIDE, y / SIDE, 16 / SIDE, 16 / SIDE))
        pictures.append(LabelledImage(picture, np.array([0, 1]), np.array(boxes, np.float32)))
    return pictures


@pytest.mark.slow
def test_squares_are_learnt_and_found_by_the_exported_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = DetectorConfig(names=("red", "green"), stem=8, fine=16, middle=16, coarse=16, head=16)
    task = DetectorTask(config, squares(48, 0), squares(8, 1), torch.device("cpu"))
    how = FitConfig(
        epochs=25, batch_size=8, lr=6e-3, gradient_clip=5.0, ema_decay=0.95, save_every=None, validate_every=5
    )
    result = fit(task, how, tmp_path, CheckpointMeta(policy="detector", encoding="x"))
    assert result.metrics["map50"] > 0.8
    network = DetectorNetwork(config)
    network.load_state_dict(load_checkpoint(result.best_path, "detector").weights)
    export_onnx(network, tmp_path / "squares.onnx", SIDE, SIDE, {})
    held_out = squares(1, 2)[0]
    found = OnnxDetector(tmp_path / "squares.onnx").detect(held_out.picture)
    assert found["label"].tolist() in ([0, 1], [1, 0])
    for one in found:
        box = held_out.boxes[one["label"]]
        assert abs(one["x"] - box[0]) < 2 / SIDE
        assert abs(one["y"] - box[1]) < 2 / SIDE


def test_made_up_scenes_have_their_truth_in_them_and_the_same_seed_draws_the_same() -> None:
    profile = load_profile()
    one, again = (list(random_scenes(profile, 2, 3, 90)) for _ in range(2))
    assert one[0].picture.shape == (90, 160, 3)
    assert all((left.picture == right.picture).all() for left, right in zip(one, again, strict=True))
    assert all(((scene.boxes[:, :2] >= 0) & (scene.boxes[:, :2] <= 1)).all() for scene in one)


def test_played_scenes_come_from_the_games_own_maps() -> None:
    scenes = list(teacher_scenes(load_profile(), np.array([2**32 + 5], np.uint64), 1.0, 3.0, 90))
    assert len(scenes) == 3
    assert sum(len(scene.kinds) for scene in scenes) > 0


def write_labelled(folder: Path, count: int, line: str = "0 0.5 0.5 0.2 0.2") -> None:
    import cv2

    (folder / "labels").mkdir(parents=True)
    for number in range(count):
        cv2.imwrite(str(folder / f"shot{number}.png"), np.full((60, 80, 3), 10 * number, np.uint8))
        (folder / "labels" / f"shot{number}.txt").write_text(line + "\n")
    (folder / "labels" / "classes.txt").write_text("alien\nbox\n")


def test_a_persons_own_screenshots_are_read_and_some_held_out(tmp_path: Path) -> None:
    write_labelled(tmp_path, 10)
    pictures, names = read_labelled(tmp_path, tmp_path / "labels", 36, 64)
    training, held_out = split(pictures)
    assert names == ("alien", "box")
    assert (len(training), len(held_out)) == (8, 2)
    assert pictures[0].picture.shape == (36, 64, 3)
    assert pictures[0].boxes[0].tolist() == pytest.approx([0.5, 0.5, 0.2, 0.2])


@pytest.mark.parametrize(
    "names", ["names: [alien, 'box']\n", "nc: 2\nnames:\n  0: alien\n  1: box\n", "names:\n- alien\n- box\n"]
)
def test_names_are_read_from_data_yaml_too(tmp_path: Path, names: str) -> None:
    write_labelled(tmp_path, 5)
    (tmp_path / "labels" / "classes.txt").unlink()
    (tmp_path / "data.yaml").write_text(names)
    assert read_labelled(tmp_path, tmp_path / "labels", 36, 64)[1] == ("alien", "box")


@pytest.mark.parametrize("line", ["2 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1", "0 0.5 0.5 0 0.1", "alien 0.5 0.5 0.1 0.1"])
def test_a_label_that_makes_no_sense_names_its_file_and_line(tmp_path: Path, line: str) -> None:
    write_labelled(tmp_path, 5, line)
    with pytest.raises(TrainingError, match=r"shot0\.txt, line 1"):
        read_labelled(tmp_path, tmp_path / "labels", 36, 64)


def test_too_few_pictures_and_none_at_all_are_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no picture"):
        read_labelled(tmp_path, tmp_path, 36, 64)
    write_labelled(tmp_path / "few", 3)
    with pytest.raises(TrainingError, match="at least 5"):
        split(read_labelled(tmp_path / "few", tmp_path / "few" / "labels", 36, 64)[0])
