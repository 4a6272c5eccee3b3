"""A made-up discovery of three kinds and two bars, with boxes and tiles."""

from pathlib import Path

import numpy as np

from understudy.contract.observation import Role
from understudy.contract.profile import Rectangle
from understudy.perception.discovery.discovered import FOUND_BOX, Discovery, FoundBar, FoundKind, SourceRecording
from understudy.perception.discovery.discovery_files import write_discovery


def found_kind(kind_id: int, **changes: object) -> FoundKind:
    """A kind that moves and was clicked ten times."""
    given: dict[str, object] = {
        "id": kind_id,
        "tile": f"{kind_id}.png",
        "num_sightings": 40,
        "width": 0.05,
        "height": 0.08,
        "num_clicks": 10,
        "clicked_share": 0.25,
        "click_lift": 6.0,
        "moves": True,
        "vanishes_after_click": False,
    }
    return FoundKind(**(given | changes))  # type: ignore[arg-type]


def made_up_discovery() -> Discovery:
    """Kind 0 is an enemy, kind 1 loot, kind 2 nothing in particular."""
    return Discovery(
        frame_width=1280,
        frame_height=720,
        recordings=(SourceRecording(path="play.mcap", sha256="0" * 64, seconds=60.0),),
        background="layered",
        num_frames=3,
        num_presses=40,
        kinds=(
            found_kind(0, suggested_role=Role.ENEMY),
            found_kind(1, suggested_role=Role.LOOT, vanishes_after_click=True, moves=False),
            found_kind(2),
        ),
        bars=(
            FoundBar(
                area=Rectangle(left=0.1, top=0.1, width=0.2, height=0.02),
                fills="right",
                full=((0, 200, 0),),
                empty=((10, 10, 10),),
                suggested_gauge="hp",
            ),
            FoundBar(
                area=Rectangle(left=0.9, top=0.1, width=0.02, height=0.4),
                fills="up",
                full=((0, 0, 200),),
                empty=((10, 10, 10),),
            ),
        ),
        panels=(Rectangle(left=0.0, top=0.0, width=0.35, height=0.15),),
    )


def made_up_boxes() -> np.ndarray:
    """Two boxes in the first frame, one in the third."""
    boxes = np.zeros(3, FOUND_BOX)
    boxes["time_s"], boxes["kind"] = (1.0, 1.0, 1.5), (0, 1, 2)
    boxes["x"], boxes["y"], boxes["width"], boxes["height"], boxes["score"] = 0.5, 0.25, 0.05, 0.08, 0.9
    return boxes


def write_made_up(folder: Path) -> Discovery:
    """Writes the made-up discovery into a folder."""
    discovery = made_up_discovery()
    tiles = {kind.id: np.full((44, 44, 3), 40 * (kind.id + 1), np.uint8) for kind in discovery.kinds}
    write_discovery(folder, discovery, made_up_boxes(), tiles, np.zeros((60, 300, 3), np.uint8))
    return discovery
