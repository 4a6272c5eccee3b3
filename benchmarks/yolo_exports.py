"""YOLO weights of ultralytics through our detector: which exports are read, what they find, how long a picture takes.

    python3.11 -m venv yolo && yolo/bin/pip install torch torchvision ultralytics onnx onnxslim   # an environment apart
    python benchmarks/yolo_exports.py --ultralytics yolo/bin/python --folder yolo_try             # hours without a GPU
    python benchmarks/yolo_exports.py --smallest                                                  # the shipped weights

Draws labelled pictures of the embedded game in YOLO's folders; a YOLO11n is built from its YAML and trained on them by
ultralytics, in a process of its own interpreter, and exported with each set of options; each file is then opened as
`--model` opens it, and looks at frames of play that it was not trained on. A second run with the same folder trains
nothing again.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import tyro
from smallest import flags

from understudy.contract.errors import UnderstudyError
from understudy.contract.profile import Profile
from understudy.learning.detector.mean_average_precision import ranked_hits
from understudy.learning.detector.synthetic_scenes import LabelledImage, random_scenes, teacher_scenes
from understudy.perception.detector_loader import detector_file
from understudy.perception.onnx_detector import OnnxDetector
from understudy.worlds.catalog import load_profile

HEIGHT = 720
MIN_OVERLAP = 0.9
Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Labels, confidences and boxes of one picture."""
HELD_OUT_WORLDS, TRAINED_WORLDS = 700_000, 710_000
"""Seeds of worlds; none of the spaces that policies are judged on."""

EXPORTS: dict[str, dict[str, object]] = {
    "plain": {},
    "simplify off": {"simplify": False},
    "dynamic": {"dynamic": True},
    "half": {"half": True},
    "half, dynamic": {"half": True, "dynamic": True},
    "nms": {"nms": True, "conf": 0.1},
    "nms, dynamic": {"nms": True, "conf": 0.1, "dynamic": True},
    "int8": {"int8": True},
    "opset 12": {"opset": 12},
    "opset 17": {"opset": 17},
    "opset 20": {"opset": 20},
    "384 x 640": {"imgsz": [384, 640]},
    "1280": {"imgsz": 1280},
    "batch 2": {"batch": 2},
}
"""Name -> options of `YOLO.export`; imgsz is 640 unless given."""

BY_ULTRALYTICS = """
import json, pathlib, shutil, sys
from ultralytics import YOLO
folder, epochs, exports = pathlib.Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
best = folder / "best.pt"
if not best.exists():
    made = YOLO("yolo11n.yaml").train(data=str(folder / "data.yaml"), epochs=epochs, imgsz=640, batch=8, workers=0,
        project=str(folder / "runs"), name="train", exist_ok=True, pretrained=False, plots=False, verbose=False)
    shutil.copy(folder / "runs" / "train" / "weights" / "best.pt", best)
for name, options in exports.items():
    target = folder / (name.replace(", ", "_").replace(" ", "_") + ".onnx")
    if target.exists():
        continue
    try:
        shutil.move(YOLO(str(best)).export(format="onnx", device="cpu", **{"imgsz": 640, **options}), target)
    except Exception as problem:
        print("NOT EXPORTED", name, type(problem).__name__, str(problem).splitlines()[0][:200], flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is tried."""

    ultralytics: Path | None = None
    """Python of an environment with ultralytics; without it only the shipped weights are looked at."""
    folder: Path = Path("yolo_exports")
    """For pictures, weights and exports."""
    pictures: int = 160
    """To train on, three quarters of them random scenes."""
    epochs: int = 60
    held_out: int = 32
    repeats: int = 40
    """Pictures that are timed."""


def write_yolo(pictures: Sequence[LabelledImage], profile: Profile, folder: Path, part: str) -> None:
    """Writes pictures and labels as YOLO's folders: images/PART, labels/PART."""
    for kind in ("images", "labels"):
        (folder / kind / part).mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(pictures):
        cv2.imwrite(str(folder / "images" / part / f"{number:04}.png"), one.picture[:, :, ::-1])
        low = np.clip(one.boxes[:, :2] - one.boxes[:, 2:] / 2, 0, 1)
        high = np.clip(one.boxes[:, :2] + one.boxes[:, 2:] / 2, 0, 1)
        rows = np.column_stack([one.kinds, (low + high) / 2, high - low])
        lines = [f"{int(kind)} {x:.6f} {y:.6f} {w:.6f} {h:.6f}" for kind, x, y, w, h in rows if w > 0.002 and h > 0.002]
        (folder / "labels" / part / f"{number:04}.txt").write_text("\n".join(lines), encoding="utf-8")
    names = "".join(f"  {number}: {kind.name}\n" for number, kind in enumerate(profile.kinds))
    described = f"path: {folder.resolve()}\ntrain: images/train\nval: images/val\nnames:\n{names}"
    (folder / "data.yaml").write_text(described, encoding="utf-8")


def held_out_pictures(profile: Profile, count: int) -> list[LabelledImage]:
    """Frames of the hunter's play, four of each world."""
    worlds = np.arange(HELD_OUT_WORLDS, HELD_OUT_WORLDS + -(-count // 4), dtype=np.uint64)
    return list(teacher_scenes(profile, worlds, 10.0, 40.0, HEIGHT))[:count]


def make_exports(settings: Settings, profile: Profile, held_out: Sequence[LabelledImage]) -> list[str]:
    """Draws, trains and exports; returns what ultralytics could not export."""
    folder = settings.folder
    if not (folder / "data.yaml").exists():
        of_play = settings.pictures // 4
        worlds = np.arange(TRAINED_WORLDS, TRAINED_WORLDS + -(-of_play // 4), dtype=np.uint64)
        drawn = list(random_scenes(profile, settings.pictures - of_play, 7, HEIGHT))
        write_yolo(held_out, profile, folder, "val")
        write_yolo([*drawn, *teacher_scenes(profile, worlds, 10.0, 40.0, HEIGHT)], profile, folder, "train")
    command = [str(settings.ultralytics), "-c", BY_ULTRALYTICS, str(folder), str(settings.epochs), json.dumps(EXPORTS)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"The benchmark is void: ultralytics ended with {ended.returncode}.")
    return [line for line in ended.stdout.splitlines() if line.startswith("NOT EXPORTED")]


def agreement(found: Sequence[Found], plain: Sequence[Found]) -> float:
    """Which part of the plain export's boxes another export finds, of the same class and with an overlap above 0.9."""
    same = total = 0
    for (labels, _, boxes), (plain_labels, _, plain_boxes) in zip(found, plain, strict=True):
        total += len(plain_boxes)
        for label, box in zip(plain_labels, plain_boxes, strict=True):
            overlaps = intersection_over_union(box, boxes[labels == label])
            same += bool((overlaps > MIN_OVERLAP).any())
    return same / max(1, total)


def intersection_over_union(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Overlap of one box (x, y, width, height of its middle) with others."""
    low = np.maximum(box[:2] - box[2:] / 2, others[:, :2] - others[:, 2:] / 2)
    high = np.minimum(box[:2] + box[2:] / 2, others[:, :2] + others[:, 2:] / 2)
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    return np.asarray(common / (np.prod(box[2:]) + np.prod(others[:, 2:], axis=1) - common))


def describe(
    path: Path, held_out: Sequence[LabelledImage], num_kinds: int, repeats: int, plain: list[Found] | None = None
) -> str:
    """A line of the table: objects found and false boxes at confidence 0.3, milliseconds a picture, and how many of the
    plain export's boxes are found. `plain` receives the boxes where it is empty."""
    try:
        detector = OnnxDetector(path, threads=1)
    except UnderstudyError as refusal:
        return f"refused: {refusal}"
    found: list[Found] = []
    for one in held_out:
        seen = detector.detect(np.ascontiguousarray(one.picture))
        boxes = np.stack([seen[name] for name in ("x", "y", "width", "height")], axis=1)
        found.append((seen["label"].astype(np.int64), seen["confidence"], boxes))
    truth = [(one.kinds, one.boxes) for one in held_out]
    hits = [ranked_hits(found, truth, kind) for kind in range(num_kinds)]
    right, boxes_found = sum(int(hit.sum()) for _, hit, _ in hits), sum(len(hit) for _, hit, _ in hits)
    times_s = []
    for number in range(repeats):
        began_s = time.perf_counter()
        detector.detect(np.ascontiguousarray(held_out[number % len(held_out)].picture))
        times_s.append(time.perf_counter() - began_s)
    total = sum(count for *_, count in hits)
    line = f"{right} of {total}, {boxes_found - right} false; {1000 * float(np.median(times_s)):.0f} ms"
    if plain is None:
        return line
    if not plain:
        plain += found
    return f"{line}; {agreement(found, plain):.1%} of the plain export's boxes"


def time_binding(path: Path, repeats: int) -> str:
    """A line of how long ONNX Runtime takes on one thread with its input and output bound, and without, in turn."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    asked = session.get_inputs()[0]
    sizes = [side if isinstance(side, int) else 640 for side in asked.shape[2:]]
    tensor = np.zeros((1, 3, *sizes), np.float16 if "float16" in asked.type else np.float32)
    (plain,) = session.run(None, {asked.name: tensor})[:1]
    binding = session.io_binding()
    binding.bind_input(asked.name, "cpu", 0, tensor.dtype, tensor.shape, tensor.ctypes.data)
    name, result = session.get_outputs()[0].name, np.empty_like(plain)
    binding.bind_output(name, "cpu", 0, result.dtype, result.shape, result.ctypes.data)
    times_s: dict[str, list[float]] = {"run": [], "bound": []}
    for _ in range(repeats):
        for way, call in (
            ("run", lambda: session.run(None, {asked.name: tensor})),
            ("bound", lambda: session.run_with_iobinding(binding)),
        ):
            began_s = time.process_time()
            call()
            times_s[way].append(time.process_time() - began_s)
    run_s, bound_s = float(np.median(times_s["run"])), float(np.median(times_s["bound"]))
    return f"{1000 * run_s:.1f} ms of CPU, bound {1000 * bound_s:.1f}: {bound_s / run_s:.2f} of it"


def main() -> None:
    """Prints a line for each export."""
    settings = tyro.cli(Settings, description=__doc__, args=flags("--held-out", "4", "--repeats", "4"))
    profile = load_profile()
    held_out = held_out_pictures(profile, settings.held_out)
    print(f"{len(held_out)} pictures of play, one thread", flush=True)
    print(f"{'shipped':14} {describe(detector_file(None, profile), held_out, len(profile.kinds), settings.repeats)}")
    print(f"{'shipped':14} {time_binding(detector_file(None, profile), settings.repeats)}")
    if settings.ultralytics is None:
        return
    missing = make_exports(settings, profile, held_out)
    plain: list[Found] = []
    for name in EXPORTS:
        path = settings.folder / f"{name.replace(', ', '_').replace(' ', '_')}.onnx"
        if path.exists():
            print(f"{name:14} {describe(path, held_out, len(profile.kinds), settings.repeats, plain)}", flush=True)
            if "nms" not in name and "int8" not in name:
                print(f"{'':14} {time_binding(path, settings.repeats)}", flush=True)
    print("\n".join(missing))


if __name__ == "__main__":
    sys.exit(main())
