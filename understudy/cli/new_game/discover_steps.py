"""Steps `discover` and `detector`: finds kinds of objects in the recorded pictures, and trains a detector of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder


def discover_kinds(folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Searches all recorded play.

    Raises:
        RecordingError: if there is nothing to be found.
        MissingExtraError: if a package is missing.
    """
    from understudy.cli.pictures.discover import discover_with_bars
    from understudy.perception.discovery.discovery_files import CONTACT_SHEET

    found = discover_with_bars((folder.play,), folder.discovery, dialogue.console)
    once_clicked = sum(kind.num_clicks > 0 for kind in found.kept)
    folder.finish(
        "discover",
        f"{len(found.kept)} kinds in {found.num_frames} pictures, {once_clicked} of them clicked; {len(found.bars)} "
        f"bars, {len(found.digits)} changing numbers, {len(found.panels)} panels: {folder.discovery / CONTACT_SHEET}",
    )
    return 0


def train_detector(folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Trains on the kinds that were kept, and writes their confidences into the profile; returns 130 after Ctrl-C.

    Raises:
        TrainingError: if there is too little to train on.
    """
    from understudy.cli import detector
    from understudy.worlds.catalog import load_profile

    code = detector.run(
        detector.Train(
            discovery=folder.discovery,
            out=folder.detector,
            output_dir=folder.folder / "detector",
            profile=str(folder.profile),
            write_profile=True,
        )
    )
    if code == 0:
        names = ", ".join(kind.name for kind in load_profile(str(folder.profile)).kinds)
        folder.finish("detector", f"{folder.detector} finds {names}.")
    return code
