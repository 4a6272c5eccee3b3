"""How much of a game is found from play alone: `python benchmarks/discovery.py --folder F`, half an hour of one core.

Ten minutes of the hunter's play in the embedded game are recorded as pictures and input, nothing else. What `detector
discover` finds is named by the truth, as a person names the rows of the contact sheet: one answer a row, no box drawn.
A detector is trained on it and judged on worlds that nobody recorded, beside the shipped one; then the hunter plays
through both. Skins: plain, recoloured, one_colour, textured (discovery_play.py). Worlds of the seeds for choosing.

Stages run in order, and each begins with what the one before left in the folder: record, discover, train, judge, play.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import cv2
import numpy as np
import tyro
from discovery_play import make_renderer, record
from smallest import flags

from understudy.contract.action import Action
from understudy.contract.observation import TICK_RATE_HZ, Observation
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.detector.discover import discover
from understudy.learning.detector.discovery_training import train_on_discovery
from understudy.learning.detector.mean_average_precision import Found, Truth, average_precisions
from understudy.learning.detector.train import DetectorSettings
from understudy.learning.training.trainer_config import FitConfig
from understudy.perception.detector import Detector
from understudy.perception.detector_loader import detector_file, open_detector
from understudy.perception.discovery.discovered import Discovery
from understudy.perception.discovery.discovery_files import (
    read_boxes,
    read_discovery,
    recording_path,
    write_description,
)
from understudy.perception.discovery.edits import merge_kinds, name_kind, throw_away
from understudy.perception.onnx_detector import OnnxDetector
from understudy.perception.pipeline import PerceptionPipeline
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import Renderer
from understudy.worlds.simulator.rendering.scene import scene_of
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.world import Simulator

STAGES = ("record", "discover", "train", "judge", "play")
ARMS = ("found", "unmeasured", "shipped")
"""Detectors: of what was found; the same with the sizes of before the selection ring was measured; the game's own."""
PROFILE = load_profile()
NAMES = [kind.name for kind in PROFILE.kinds]
SIZE = (1280, 720)
FIRST_RECORDED, FIRST_UNSEEN, FIRST_PLAYED = 30_000, 31_000, 32_000
NEAR, LEAST_SIZE, MOST_SIZE = 0.3, 0.45, 1.8
"""A found box matches a true one whose centre is within this share of its side, and whose side is within these."""
NAMED_PURITY = 0.45
"""Share of a row's matched boxes from which a person would give it that name."""
TAKEN_BACK_PURITY = 0.8
"""The same for a row that is listed as thrown away."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to measure."""

    folder: Path
    """For recordings, discovery, weights."""
    stages: tuple[str, ...] = STAGES
    """Which of record, discover (with name), name, train, judge, play."""
    skin: str = "plain"
    """plain, recoloured, one_colour or textured."""
    minutes: float = 10.0
    """Of play, on the four maps together."""
    epochs: int = 20
    """Of the first round of training."""
    arms: tuple[str, ...] = ARMS
    """Which detectors play: found, unmeasured, shipped. Several commands may each take one."""
    worlds: int = 12
    """In which the hunter plays through each detector."""
    seconds: float = 45.0
    """Each."""
    pictures: int = 120
    """Unseen pictures to judge by."""


def record_all(settings: Settings) -> None:
    """One session on each map."""
    seeds = seeds_for(Purpose.CHOOSE, len(PROFILE.maps), FIRST_RECORDED)
    for seed, name in zip(seeds.tolist(), PROFILE.maps, strict=True):
        path = settings.folder / "play" / f"play_{name}.mcap"
        record(path, seed, name, 60 * settings.minutes / len(PROFILE.maps), settings.skin, SIZE)


def find(settings: Settings) -> None:
    """Discovers, and names the rows by the truth."""
    cpu_s = time.process_time()
    discovery = discover((settings.folder / "play",), settings.folder / "found")
    print(f"discovered in {time.process_time() - cpu_s:.0f} s of CPU; {discovery.background} background")
    print(f"bars: {[(bar.fills, bar.suggested_gauge) for bar in discovery.bars]}; {len(discovery.panels)} panels")
    name(settings)


def name(settings: Settings) -> None:
    """Names the rows of what was found before."""
    folder = settings.folder / "found"
    write_description(folder, named_by_truth(read_discovery(folder), folder))


def named_by_truth(discovery: Discovery, folder: Path) -> Discovery:
    """Gives each row the name of most of its boxes; rows of one name are merged, rows of none thrown away.

    Of the rows that are listed as thrown away, those of a kind that no other row has are taken back.
    """
    boxes, truths = read_boxes(folder, discovery), _truths(folder, discovery)
    first: dict[str, int] = {}
    kept = {kind.id for kind in discovery.kept}
    for kind in sorted(discovery.kinds, key=lambda each: each.id not in kept):
        own = boxes[boxes["kind"] == kind.id]
        matched = np.array([_true_kind(box, truths[int(box["recording"])]) for box in own], int)
        values, counts = np.unique(matched, return_counts=True)
        best = int(values[counts.argmax()]) if len(values) else -1
        purity = float(counts.max() / len(own)) if len(values) else 0.0
        is_clear = best >= 0 and purity >= (NAMED_PURITY if kind.id in kept else TAKEN_BACK_PURITY)
        name = NAMES[best] if is_clear else None
        if kind.id not in kept and (name is None or first.get(name) in kept):
            continue
        how = "" if kind.id in kept else ", taken back"
        print(f"row {kind.id}: {len(own)} boxes, {name or 'nothing'} {purity:.2f}, role {kind.suggested_role}{how}")
        discovery = throw_away(discovery, kind.id, name is None)
        if name in first:
            discovery = merge_kinds(discovery, kind.id, first[name])
        elif name is not None:
            discovery, first[name] = name_kind(discovery, kind.id, name), kind.id
    print(f"{len(first)} of {len(NAMES)} kinds found: {', '.join(first)}")
    return discovery


def _truths(folder: Path, discovery: Discovery) -> list[dict[int, np.ndarray]]:
    """Of each recording: tick -> kind, x, y, width, height of what is there, a row an object."""
    found = []
    for source in discovery.recordings:
        with np.load(recording_path(folder, source).with_suffix(".truth.npz")) as file:
            rows = file["tracks"]
        ticks = rows[:, 0].astype(int)
        edges = np.flatnonzero(np.diff(ticks)) + 1
        parts = np.split(rows[:, 1:], edges)
        found.append(dict(zip(ticks[np.r_[0, edges]].tolist(), parts, strict=True)) if len(rows) else {})
    return found


def _true_kind(box: np.void, truth: dict[int, np.ndarray]) -> int:
    """The kind of the object that a box shows; -1 for none."""
    rows = truth.get(round(float(box["time_s"]) * TICK_RATE_HZ))
    if rows is None:
        return -1
    side = np.sqrt(rows[:, 3] * rows[:, 4] * 16 / 9)
    away = np.hypot(rows[:, 1] - box["x"], (rows[:, 2] - box["y"]) * 9 / 16) / (side * 9 / 16)
    ratio = np.sqrt(box["width"] * box["height"] * 16 / 9) / side
    fits = (away < NEAR) & (ratio > LEAST_SIZE) & (ratio < MOST_SIZE)
    return int(rows[np.where(fits, away, np.inf).argmin(), 0]) if fits.any() else -1


def train(settings: Settings) -> None:
    """Trains the detector of what was found."""
    cpu_s = time.process_time()
    fit = FitConfig(
        epochs=settings.epochs,
        batch_size=16,
        lr=2e-3,
        gradient_clip=5.0,
        ema_decay=0.998,
        save_every=None,
        validate_every=max(1, settings.epochs // 10),
    )
    found = DetectorSettings(out=settings.folder / "found.onnx", output_dir=settings.folder / "fit", fit=fit)
    result = train_on_discovery(settings.folder / "found", found, PROFILE)
    print(f"trained in {time.process_time() - cpu_s:.0f} s of CPU, {result.fit.num_steps} steps in the last round")


def judge(settings: Settings) -> None:
    """MAP50 of both detectors on unseen worlds; over the found kinds, and over all."""
    pictures = unseen(settings)
    kept = {NAMES.index(kind.shown_name) for kind in read_discovery(settings.folder / "found").kept}
    for name, path in (("found", settings.folder / "found.onnx"), ("shipped", None)):
        precisions = precisions_of(OnnxDetector(detector_file(path, PROFILE), 0.02, 0.5), pictures)
        seen = [number for number in range(len(NAMES)) if np.isfinite(precisions[number])]
        over = precisions[[number for number in seen if number in kept]]
        print(f"{name}: mAP50 {over.mean():.3f} over {len(over)} found kinds, {precisions[seen].mean():.3f} over all")
        print("  " + ", ".join(f"{NAMES[number]} {precisions[number]:.2f}" for number in seen))


def unseen(settings: Settings) -> list[tuple[np.ndarray, Truth]]:
    """Pictures of worlds that were not recorded, every four seconds, with the truth beside the panels."""
    found, renderer, teacher = [], make_renderer(settings.skin, SIZE), Teacher("hunter", PROFILE)
    each = 10
    for number, seed in enumerate(seeds_for(Purpose.CHOOSE, max(1, settings.pictures // each), FIRST_UNSEEN)):
        one = np.array([seed], np.uint64)
        world = Simulator(one, PROFILE.maps[number % len(PROFILE.maps)])
        carry = teacher.start(one)
        for tick in range(1, 4 * TICK_RATE_HZ * each + 1):
            decision = teacher.decide(world.observe(), carry)
            carry = decision.carry
            world.act(decision.action)
            if tick % (4 * TICK_RATE_HZ) == 0:
                truth = world.observe().records[0]
                frame = renderer.frame(scene_of(world.states[0], truth))
                tracks = truth["tracks"][truth["tracks"]["id"] > 0]
                boxes = np.stack([tracks[name] for name in ("x", "y", "width", "height")], axis=1)
                free = _beside_panels(boxes)
                found.append(
                    (frame, (tracks["kind"].astype(int)[free], boxes[free].astype(np.float32) * (*SIZE, *SIZE)))
                )
    return found


def precisions_of(detector: OnnxDetector, pictures: list[tuple[np.ndarray, Truth]]) -> np.ndarray:
    """Average precision of each kind at IoU 0.5; NaN for kinds that are in no picture."""
    kinds = np.array([NAMES.index(name) for name in detector.names])
    found: list[Found] = []
    for picture, _ in pictures:
        seen = detector.detect(picture)
        boxes = np.stack([seen[name] for name in ("x", "y", "width", "height")], axis=1).reshape(-1, 4)
        free = _beside_panels(boxes)
        scaled = (boxes[free] * (*SIZE, *SIZE)).astype(np.float32)
        found.append((kinds[seen["label"]][free], seen["confidence"][free], scaled))
    truth = [(labels, boxes.astype(np.float32)) for _, (labels, boxes) in pictures]
    return average_precisions(found, truth, len(NAMES))


def _beside_panels(boxes: np.ndarray) -> np.ndarray:
    """Marks boxes whose centre lies in the window and under no panel."""
    return np.array(
        [
            0 <= x < 1 and 0 <= y < 1 and not any(panel.contains(float(x), float(y)) for panel in PROFILE.panels)
            for x, y in boxes[:, :2]
        ],
        bool,
    )


def play(settings: Settings) -> None:
    """The hunter plays the same worlds through each detector that was asked for; then all that have played compare."""
    for arm in settings.arms:
        points = scores(arm_detector(arm, settings), make_renderer(settings.skin, SIZE), settings)
        np.save(settings.folder / f"points_{arm}.npy", points)
        print(f"{arm}: {points.mean():.2f} points a minute {np.round(points, 1).tolist()}", flush=True)
    played = {arm: settings.folder / f"points_{arm}.npy" for arm in ARMS}
    points_of = {arm: np.load(path) for arm, path in played.items() if path.exists()}
    shipped = points_of.get("shipped", np.zeros(0))
    for arm, points in points_of.items():
        if arm != "shipped" and len(points) == len(shipped):
            draws = np.random.default_rng(0).integers(0, len(points), (5000, len(points)))
            ratio = points[draws].mean(axis=1) / np.maximum(shipped[draws].mean(axis=1), 1e-6)
            low, high = np.percentile(ratio, [2.5, 97.5])
            print(f"{arm} over shipped: {points.mean() / max(shipped.mean(), 1e-6):.2f} [{low:.2f}, {high:.2f}]")


def arm_detector(arm: str, settings: Settings) -> Detector:
    """One of ARMS."""
    detector = open_detector(None if arm == "shipped" else settings.folder / "found.onnx", PROFILE)
    if arm != "unmeasured":
        return detector
    kept = {kind.shown_name: (kind.width, kind.height) for kind in read_discovery(settings.folder / "found").kept}
    return SizedDetector(detector, np.array([kept[name] for name in detector.names]))


class SizedDetector:
    """A detector whose boxes have the size that discovery found, as before the ring was measured."""

    def __init__(self, detector: Detector, sizes: np.ndarray) -> None:
        self._detector, self._sizes, self.names = detector, sizes, detector.names

    def detect(self, frame: np.ndarray) -> np.ndarray:
        """As the other's, with other sizes."""
        found = self._detector.detect(frame)
        found["width"], found["height"] = self._sizes[found["label"]].T
        return found


def scores(detector: Detector, renderer: Renderer, settings: Settings) -> np.ndarray:
    """Points a minute in each world."""
    teacher, points = Teacher("hunter", PROFILE), []
    for number, seed in enumerate(seeds_for(Purpose.CHOOSE, settings.worlds, FIRST_PLAYED)):
        one = np.array([seed], np.uint64)
        world = Simulator(one, PROFILE.maps[number % len(PROFILE.maps)])
        eye, carry, total = PerceptionPipeline(PROFILE, detector), teacher.start(one), 0.0
        for _ in range(round(settings.seconds * TICK_RATE_HZ)):
            truth = world.observe().records[0]
            frame = renderer.frame(scene_of(world.states[0], truth))
            cursor = (float(truth["cursor_x"]), float(truth["cursor_y"]))
            seen = eye.process(frame, float(truth["time_s"]), cursor, int(truth["keys"]), int(truth["button"]))
            decision = teacher.decide(Observation(seen.records[:1]), carry)
            carry = decision.carry
            world.act(Action(decision.action.records))
            events = world.observe().records["events"][0]
            total += float(events["value"]) - 10.0 * float(events["deaths"])
        points.append(60 * total / settings.seconds)
    return np.array(points)


def main() -> None:
    """Runs the stages that were asked for."""
    cv2.setNumThreads(1)
    smallest = ("--folder", "smallest/discovery", "--stages", "record", "discover", "--minutes", "0.4")
    settings = tyro.cli(Settings, args=flags(*smallest))
    stages = {"record": record_all, "discover": find, "name": name, "train": train, "judge": judge, "play": play}
    for stage in settings.stages:
        stages[stage](settings)


if __name__ == "__main__":
    main()
