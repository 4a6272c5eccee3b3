"""Which detector to use: the one given, or the small one that comes with the game's profile."""

from pathlib import Path

from understudy.contract.errors import CheckpointError
from understudy.contract.profile import Profile
from understudy.contract.screen_layout import Screen
from understudy.perception.label_map import confidences_of_labels
from understudy.perception.model_files.execution_provider import Device
from understudy.perception.onnx_detector import WEIGHTS, OnnxDetector
from understudy.perception.ultralytics_export import convert_once


def open_detector(
    path: Path | None, profile: Profile, threads: int | None = None, device: Device = "auto"
) -> OnnxDetector:
    """Opens a detector for a game, with the confidence and overlap of its profile.

    Args:
        path: an .onnx file, or ultralytics weights (.pt), which are converted once to an .onnx beside them; None takes
            the weights that come with the game.
        profile: of the game.
        threads: of the detector on the CPU; None for half of the cores.
        device: where it runs.

    Raises:
        FlagError: if the device is not installed or cannot run the weights.
        CheckpointError: if there are no such weights or they are none of a detector.
        MissingExtraError: for .pt weights without the extra `yolo`.
    """
    screen = profile.eye or Screen()
    detector = OnnxDetector(detector_file(path, profile), screen.confidence, screen.iou, threads, device)
    detector.require(confidences_of_labels(detector.names, profile))
    return detector


def detector_file(path: Path | None, profile: Profile) -> Path:
    """The ONNX file that `open_detector` opens.

    Raises:
        CheckpointError, MissingExtraError: as `open_detector`.
    """
    if path is None:
        path = WEIGHTS / f"{profile.name}.onnx"
        if not path.is_file():
            raise CheckpointError(
                f"No detector comes with the game {profile.name!r}: give one with --model (.onnx, or best.pt), or "
                "train one from screenshots with  understudy detector train --images --labels ."
            )
    return onnx_file(path)


def onnx_file(path: Path) -> Path:
    """The ONNX file of a detector: the one given, or the one that ultralytics weights were or are now converted to.

    Raises:
        CheckpointError, MissingExtraError: as `open_detector`.
    """
    suffix = path.suffix.lower()  # some systems write .ONNX
    if suffix == ".pt":
        return convert_once(path)
    if suffix != ".onnx":
        raise CheckpointError(f"{path} is no detector: give an .onnx file, or ultralytics weights such as best.pt.")
    return path
