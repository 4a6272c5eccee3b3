"""Train, convert and try detectors: what finds objects in a picture of the window."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Count, LearningRate, Parallel, Range, Seed
from understudy.cli.flags.output_paths import OutputFile, OutputFolder
from understudy.cli.flags.spellings import CHECKPOINT_DIR, DetectorWeights
from understudy.cli.results.json_output import JsonFlag
from understudy.perception.model_files.execution_provider import Device

if TYPE_CHECKING:
    from understudy.cli.show.terminal import Console
    from understudy.learning.detector.train import DetectorResult, DetectorSettings
    from understudy.learning.training.trainer_config import FitProgress


@dataclass(frozen=True, kw_only=True)
class Train(JsonFlag):
    """Train a small detector from scratch, offline: from the embedded game, or from labelled screenshots."""

    out: OutputFile = Path("models/detector/detector.onnx")
    """The ONNX file to write."""
    output_dir: Annotated[OutputFolder, CHECKPOINT_DIR] = Path("models/detector")
    """Folder for the checkpoints."""
    profile: str = "darkorbit"
    """The game whose scenes are drawn, and whose confidences are judged: a name, or a path to a profile (.toml)."""
    write_profile: bool = False
    """Write the proposed confidence of each class into the profile, which must be a .toml of your own."""
    images: Path | None = None
    """A folder of screenshots to learn from in place of the embedded game; needs --labels."""
    labels: Path | None = None
    """Their labels in YOLO's form: NAME.txt for each picture, and classes.txt or data.yaml with the names."""
    discovery: Path | None = None
    """A folder that `detector discover` wrote, to learn from in place of the embedded game; its recordings are read."""
    pictures: Count = 1000
    """Pictures of the embedded game to draw and learn from."""
    held_out: Annotated[int, Range(15, 1_000_000)] = 120
    """Pictures of real play that are not learnt from, to judge by."""
    epochs: Count | None = None
    """Passes over the pictures; by default 30 over drawn ones, 20 over a discovery, and 6000 pictures' worth over
    screenshots."""
    batch_size: Count = 16
    """Pictures a step."""
    lr: LearningRate = 2e-3
    """Highest learning rate."""
    start: Path | None = None
    """best_model.pt or .onnx of an earlier detector to go on from, or the word shipped for the one that comes along."""
    seed: Seed = 0
    """Of scenes, weights and order."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:1."""
    threads: Parallel = 1
    """Threads of torch on the CPU."""


@dataclass(frozen=True, kw_only=True)
class Convert(JsonFlag):
    """Turn ultralytics weights (best.pt) into the ONNX file beside them, which every command then uses."""

    weights: Positional[Path]
    """The .pt file."""


@dataclass(frozen=True, kw_only=True)
class Look(JsonFlag):
    """Look at a screenshot with a detector and say what it finds."""

    picture: Positional[Path]
    """A .png or .jpg of the whole window."""
    model: DetectorWeights = None
    """Weights, .onnx or .pt; by default those that come with the game."""
    profile: str = "darkorbit"
    """Name of the game, or path of its .toml."""
    device: Device = "auto"
    """Where it runs; auto takes the best that is installed and works."""
    out: OutputFile | None = None
    """Write the screenshot with boxes drawn in."""


@dataclass(frozen=True, kw_only=True)
class Frames(JsonFlag):
    """Pick the pictures of a recording that differ most, for labelling, in the folders that train reads."""

    recording: Positional[Path]
    """A recording with pictures, or a folder: then its newest one."""
    count: Annotated[int, Range(1, 10_000)] = 100
    """How many."""
    out: OutputFolder = Path("data/frames")
    """Folder for images/, labels/ and data.yaml."""


@dataclass(frozen=True, kw_only=True)
class Discover(JsonFlag):
    """Find a game's objects, bars and panels in recordings with pictures, with nothing labelled."""

    recordings: Positional[tuple[Path, ...]]
    """Recordings with pictures, or folders of them, of one game in one window size."""
    out: OutputFolder = Path("data/discovery")
    """Folder for discovery.json, boxes.npy, tiles/, cut_outs/ and contact_sheet.png."""


Detector = Train | Convert | Look | Frames | Discover


def run(command: Detector) -> int:
    """Does what was asked."""
    match command:
        case Train():
            return _train(command)
        case Convert():
            return _convert(command)
        case Look():
            return _look(command)
        case Frames():
            return _frames(command)
        case Discover():
            from understudy.cli.pictures.discover import discover_recordings

            return discover_recordings(command)


def _train(command: Train) -> int:
    from rich.progress import Progress

    from understudy.cli.profile import write_confidences
    from understudy.cli.show.terminal import Console
    from understudy.cli.train import interrupt_flag
    from understudy.learning.detector.discovery_training import train_on_discovery
    from understudy.learning.detector.train import train_detector
    from understudy.worlds.catalog import load_profile

    settings, console = _settings(command), Console(soft_wrap=True)
    profile = load_profile(command.profile)
    with interrupt_flag() as interrupted, Progress(console=console) as bars:
        drawing = bars.add_task("pictures", total=None, visible=command.images is None and command.discovery is None)
        fitting = bars.add_task("learning", total=None)

        def show(state: "FitProgress") -> None:
            text = f"learning, loss {state.train_loss:.2f}, mAP50 {state.metrics.get('map50', 0.0):.2f}"
            bars.update(fitting, completed=state.step, total=state.num_steps, description=text)

        if command.discovery is not None:
            result = train_on_discovery(command.discovery, settings, profile, show, interrupted.is_set)
        else:
            result = train_detector(
                settings,
                profile,
                lambda done, total: bars.update(drawing, completed=done, total=total),
                show,
                interrupted.is_set,
            )
    _tell(console, result)
    proposed = {one.name: one.proposed for one in result.qualities if one.proposed is not None}
    if command.write_profile:
        write_confidences(Path(command.profile), proposed)
        console.print(f"{command.profile} has the proposed confidences now, in [eye.confidences].")
    elif proposed:
        console.print("To write what is proposed into a profile of your own:  --profile mygame.toml --write-profile")
    if not result.fit.finished:
        best = command.output_dir / "best_model.pt"
        console.print(f"Stopped before its end; to go on:  understudy detector train --start {best} ...")
    if command.json:
        _print_trained(result)
    return 0 if result.fit.finished else EXIT_INTERRUPTED


def _print_trained(result: "DetectorResult") -> None:
    from understudy.cli.results.detector import TrainedDetector
    from understudy.cli.results.json_output import print_result

    printed = TrainedDetector(
        detector=result.path,
        checkpoint=result.fit.best_path,
        map50=float(result.fit.metrics["map50"]),
        classes=result.qualities,
        num_training=result.num_training,
        num_held_out=result.num_held_out,
        num_parameters=result.num_parameters,
        num_steps=result.fit.num_steps,
        seconds=result.fit.seconds,
        finished=result.fit.finished,
    )
    print_result("detector train", printed)


def _settings(command: Train) -> "DetectorSettings":
    from understudy.contract.errors import FlagError
    from understudy.learning.detector.train import DetectorSettings
    from understudy.learning.training.trainer_config import FitConfig

    if (command.images is None) != (command.labels is None):
        raise FlagError("--images and --labels belong together: give the folder of pictures and the folder of labels.")
    if command.discovery is not None and command.images is not None:
        raise FlagError("--discovery and --images exclude each other: give what to learn from once.")
    if command.write_profile and not (command.profile.endswith(".toml") and Path(command.profile).is_file()):
        raise FlagError(f"--write-profile needs a profile of your own, a .toml file, not {command.profile!r}.")
    if command.pictures < command.batch_size:
        raise FlagError("--pictures must be at least --batch_size.")
    epochs = command.epochs
    if epochs is None:
        given = 0 if command.images is None else len(list(command.images.glob("*")))
        epochs = 30 if command.discovery is None else 20
        if given:
            epochs = max(20, round(6000 / given))
    try:
        fit = FitConfig(
            epochs=epochs,
            batch_size=command.batch_size,
            lr=command.lr,
            seed=command.seed,
            gradient_clip=5.0,
            ema_decay=0.998,
            save_every=None,
            validate_every=max(1, epochs // 10),
        )
    except ValueError as problem:
        raise FlagError(f"These flags cannot work: {problem}.") from problem
    return DetectorSettings(
        out=command.out,
        output_dir=command.output_dir,
        num_pictures=command.pictures,
        num_held_out=command.held_out,
        images=command.images,
        labels=command.labels,
        start=command.start,
        fit=fit,
        device=command.device,
        threads=command.threads,
    )


def _tell(console: "Console", result: "DetectorResult") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        *("class", "objects", "AP50", "at", "found", "false", "better at", "found", "false"),
        title=f"{result.num_held_out} held-out pictures. At: the confidence in use, or a better one. "
        "False: boxes a picture that are no object of the class",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for one in result.qualities:
        if not one.num_true:
            table.add_row(one.name, "0", "-", f"{one.confidence:.2f}", "-", f"{one.false_boxes:.2f}", "-", "-", "-")
            continue
        used = (f"{one.confidence:.2f}", f"{one.recall:.0%}", f"{one.false_boxes:.2f}")
        better = ("-", "-", "-")
        if one.proposed is not None:
            better = (f"{one.proposed:.2f}", f"{one.proposed_recall:.0%}", f"{one.proposed_false_boxes:.2f}")
        table.add_row(one.name, str(one.num_true), f"{one.average_precision:.3f}", *used, *better)
    console.print(table)
    console.print(
        f"mAP50 {result.fit.metrics['map50']:.3f} after {result.fit.num_steps} steps on {result.num_training} "
        f"pictures; {result.num_parameters} weights: {result.path} ({result.path.stat().st_size / 1e6:.2f} MB)"
    )


def _convert(command: Convert) -> int:
    from understudy.cli.results.detector import ConvertedDetector
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console
    from understudy.perception.ultralytics_export import convert_once

    detector = convert_once(command.weights)
    Console(soft_wrap=True).print(f"{command.weights} is now {detector}")
    if command.json:
        print_result("detector convert", ConvertedDetector(weights=command.weights, detector=detector))
    return 0


def _frames(command: Frames) -> int:
    from understudy.cli.pictures.frames import write_frames
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.terminal import Console

    console = Console(soft_wrap=True, highlight=False)
    chosen = write_frames(command.recording, command.out, command.count, lambda line: console.print(line, markup=False))
    if command.json:
        print_result("detector frames", chosen)
    return 0


def _look(command: Look) -> int:
    import time

    from rich.table import Table

    from understudy.cli.results.detector import DetectedObject, DetectorLook
    from understudy.cli.results.json_output import print_result
    from understudy.cli.show.images import draw_boxes, read_picture, write_picture
    from understudy.cli.show.terminal import Console
    from understudy.perception.detector_loader import open_detector
    from understudy.perception.label_map import kinds_of_labels
    from understudy.worlds.catalog import load_profile

    profile, frame = load_profile(command.profile), read_picture(command.picture)
    detector = open_detector(command.model, profile, device=command.device)
    detector.detect(frame)  # the first picture pays for what is set up
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    found = detector.detect(frame)
    spent_ms, cpu_ms = 1000 * (time.perf_counter() - begun_s), 1000 * (time.process_time() - begun_cpu_s)
    kinds = kinds_of_labels(detector.names, profile)
    table = Table("class", "kind", "confidence", "x", "y", "width", "height")
    objects = []
    for one in found:
        kind = int(kinds[one["label"]])
        places = {name: float(one[name]) for name in ("confidence", "x", "y", "width", "height")}
        named = profile.kinds[kind].name if kind >= 0 else None
        objects.append(DetectedObject(label=detector.names[one["label"]], kind=named, **places))
        numbers = [f"{one[name]:.3f}" for name in ("confidence", "x", "y", "width", "height")]
        table.add_row(detector.names[one["label"]], profile.kinds[kind].name if kind >= 0 else "-", *numbers)
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(f"{len(found)} objects in {spent_ms:.1f} ms, {cpu_ms:.1f} ms of CPU. {detector.runs_on}")
    if command.out is not None:
        labels = [f"{detector.names[one['label']]} {one['confidence']:.2f}" for one in found]
        write_picture(command.out, draw_boxes(frame, found, labels))
        console.print(f"{command.out} has the boxes drawn in")
    if command.json:
        result = DetectorLook(
            objects=tuple(objects), took_ms=spent_ms, cpu_ms=cpu_ms, runs_on=detector.runs_on, out=command.out
        )
        print_result("detector look", result)
    return 0
