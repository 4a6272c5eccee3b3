"""Opens a game's detector: given weights, or the small ones that come with the game's profile."""

from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Screen
from understudy.perception.label_map import confidences_of_labels, unknown_classes
from understudy.perception.model_files.execution_provider import Device
from understudy.perception.model_files.game_note import require_classes
from understudy.perception.onnx_detector import WEIGHTS, OnnxDetector
from understudy.perception.ultralytics_export import convert_once


def open_detector(
    path: Path | None, profile: Profile, threads: int | None = None, device: Device = "auto"
) -> OnnxDetector:
    """Opens a detector for a game, with the confidence and IoU thresholds of its profile.

    Args:
        path: an .onnx file, or ultralytics weights (.pt), which are converted once to an .onnx file beside them; None
            for the weights that come with the game.
        profile: of the game.
        threads: number of inference threads on the CPU; None for half of the cores.
        device: on which it runs.

    Raises:
        FlagError: if the device is not installed or cannot run the weights.
        CheckpointError: if the weights are missing, are not a detector's, or note another game.
        MissingExtraError: for .pt weights if the extra `yolo` is not installed.
    """
    screen = profile.eye or Screen()
    detector = OnnxDetector(detector_file(path, profile), screen.confidence, screen.iou, threads, device)
    require_classes(detector.game, unknown_classes(detector.names, profile), profile.name)
    detector.require(confidences_of_labels(detector.names, profile))
    return detector


def detector_file(path: Path | None, profile: Profile) -> Path:
    """Returns the ONNX file that `open_detector` opens.

    Raises:
        CheckpointError, MissingExtraError: as `open_detector`.
    """
    if path is None:
        path = WEIGHTS / f"{profile.name}.onnx"
        if not path.is_file():
            raise CheckpointError(
                f"No detector comes with the game {profile.name!r}: give one with --detector (.onnx, or best.pt), or "
                "train one from screenshots with  understudy detector train --images --labels ."
            )
    return onnx_file(path)


def onnx_file(path: Path) -> Path:
    """Returns the ONNX file of a detector; converts ultralytics weights if that was not done yet.

    Raises:
        CheckpointError, MissingExtraError: as `open_detector`.
    """
    suffix = path.suffix.lower()  # some systems write .ONNX
    if suffix == ".pt":
        return convert_once(path)
    if suffix != ".onnx":
        raise CheckpointError(f"{path} is no detector: give an .onnx file, or ultralytics weights such as best.pt.")
    return path
