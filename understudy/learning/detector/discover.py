"""Finds a game's objects, bars and panels in recorded play, with nothing labelled and nothing said about the game.

The order: frames, screen layout, background, blobs, groups of like appearance, their behaviour, things and their boxes,
cut-outs, bars. Each step is a module of `perception.discovery`. Sources of the ideas: MarioNette (Smirnov et al. 2021,
arXiv 2104.14553), and motion as a sign of objects (arXiv 2211.09771); no network is used here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from understudy.contract.errors import RecordingError
from understudy.contract.profile import Rectangle
from understudy.learning.detector.recorded_clips import RecordedPlay, pictured_recordings, read_play
from understudy.perception.discovery.appearance_groups import group_by_appearance
from understudy.perception.discovery.background import ForegroundFinder, choose_background
from understudy.perception.discovery.bars import find_bars, find_digits
from understudy.perception.discovery.behaviour import judge_groups
from understudy.perception.discovery.blobs import THRESHOLDS
from understudy.perception.discovery.colour_variants import unite_colour_variants
from understudy.perception.discovery.contact_sheet import draw_contact_sheet, tile_of
from understudy.perception.discovery.cut_outs import CutOut, cut_out_things
from understudy.perception.discovery.discovered import FOUND_BOX, UNCERTAIN, Discovery, FoundBar, FoundKind
from understudy.perception.discovery.discovery_files import stored_path, write_discovery
from understudy.perception.discovery.recorded_clip import RecordedClip
from understudy.perception.discovery.round_bars import find_round_bars
from understudy.perception.discovery.screen_layout import ScreenLayout, find_layout
from understudy.perception.discovery.sightings import Sightings, find_sightings
from understudy.perception.discovery.things import Thing, find_things

LARGE_PIXELS, STILL_PIXELS = 1280 * 720, 640 * 360
"""Limit of the size at which bars are looked for: in panels, and in whole frames where the camera is still."""
MIN_UNCERTAIN = 8.0
"""Side from which a blob of no group is noted as uncertain, pixels of the small frame."""
WHOLE_WINDOW = Rectangle(left=0.0, top=0.0, width=1.0, height=1.0)

Progress = Callable[[str, int, int], None]
"""Called with the stage, the number done and the total."""


@dataclass(frozen=True)
class _Search:
    """What the stages found before it is written."""

    layout: ScreenLayout
    finder: ForegroundFinder
    sightings: Sightings
    labels: np.ndarray
    things: tuple[Thing, ...]
    num_presses: int


def discover(
    recordings: tuple[Path, ...], out: Path, progress: Progress = lambda stage, done, total: None
) -> Discovery:
    """Searches recordings and writes the discovery into a folder.

    Args:
        recordings: files or folders of one game, of one window size, with pictures.
        out: folder; a discovery that lies there is replaced.
        progress: called now and then.

    Raises:
        RecordingError: if none has pictures or one cannot be read, or there is nothing to be found.
        MissingExtraError: if PyAV or scikit-learn is not installed.
        OSError: if the folder cannot be written.
    """
    _require_scikit_learn()
    play = read_play(pictured_recordings(recordings), lambda done, total: progress("frames", done, total))
    return discover_in(play, out, progress)


def discover_in(play: RecordedPlay, out: Path, progress: Progress = lambda stage, done, total: None) -> Discovery:
    """Searches decoded play and writes the discovery into a folder, as `discover` does."""
    search = _search(play, progress)
    progress("cut-outs", 0, 1)
    cut_outs = cut_out_things(play.clips, search.finder, search.sightings, search.things)
    discovery = _described(play, search, out)
    boxes = _boxes(play.clips, search)
    named = {kind.id: each for kind, each in zip(discovery.kinds, cut_outs, strict=True)}
    write_discovery(
        out,
        discovery,
        boxes,
        {kind_id: tile_of(each) for kind_id, each in named.items()},
        draw_contact_sheet(discovery, named),
        _pasteable(named),
    )
    progress("cut-outs", 1, 1)
    return discovery


def _search(play: RecordedPlay, progress: Progress) -> _Search:
    progress("layout", 0, 1)
    layout = find_layout(play.clips)
    background = choose_background(play.clips, layout)
    finder = ForegroundFinder(play.clips, layout, background)
    progress("layout", 1, 1)
    sightings = find_sightings(
        play.clips, layout, finder, lambda done, total: progress(f"blobs ({background} background)", done, total)
    )
    progress("groups", 0, 2)
    if not len(sightings.records):
        raise RecordingError("Nothing stands out from the background in these recordings: play for longer")
    labels = group_by_appearance(sightings)
    progress("groups", 1, 2)
    behaviours, num_presses = judge_groups(play.clips, layout, finder, sightings, labels)
    things = find_things(sightings, labels, behaviours, layout.covered.shape[1])
    united = unite_colour_variants(labels, sightings, things)
    if not np.array_equal(united, labels):
        labels = united
        behaviours, num_presses = judge_groups(play.clips, layout, finder, sightings, labels)
        things = find_things(sightings, labels, behaviours, layout.covered.shape[1])
    progress("groups", 2, 2)
    return _Search(layout, finder, sightings, labels, things, num_presses)


def _described(play: RecordedPlay, search: _Search, out: Path) -> Discovery:
    height, width = search.layout.covered.shape
    large = play.large_frames(STILL_PIXELS if search.layout.is_still else LARGE_PIXELS)
    panels = search.layout.rectangles()
    areas = (WHOLE_WINDOW,) if search.layout.is_still else panels
    rings = find_round_bars(large, (*areas, *search.layout.mark_rectangles()))
    bars = find_bars(large, areas, rings)
    kinds = tuple(
        FoundKind(
            id=number,
            tile=f"{number}.png",
            num_sightings=thing.behaviour.num_sightings,
            width=thing.width / width,
            height=thing.height / height,
            num_clicks=thing.behaviour.clicks,
            clicked_share=min(1.0, thing.behaviour.clicks / max(1, search.num_presses)),
            click_lift=thing.behaviour.lift,
            moves=thing.behaviour.moves,
            vanishes_after_click=thing.vanishes,
            suggested_role=thing.suggested_role,
            thrown_away=not thing.is_thing,
        )
        for number, thing in enumerate(search.things)
    )
    return Discovery(
        frame_width=play.frame_width,
        frame_height=play.frame_height,
        recordings=tuple(replace(one, path=stored_path(out, Path(one.path))) for one in play.sources),
        background=search.finder.background,
        num_frames=len({(int(row["clip"]), int(row["frame"])) for row in _regular(search.sightings)}),
        num_presses=search.num_presses,
        kinds=kinds,
        bars=(*bars, *(replace(ring, radius=_in_frames(ring, large, play)) for ring in rings)),
        digits=find_digits(large, [time_s for time_s, _ in play.large], areas, bars, rings),
        panels=(*panels, *(ring.area for ring in rings if not search.layout.is_still and not _lies_in(ring, panels))),
    )


def _in_frames(ring: FoundBar, large: np.ndarray, play: RecordedPlay) -> float:
    """Radius of a ring in pixels of the recorded frames."""
    assert ring.radius is not None
    return float(ring.radius * play.frame_height / large.shape[1])


def _lies_in(ring: FoundBar, panels: tuple[Rectangle, ...]) -> bool:
    x, y = ring.area.left + ring.area.width / 2, ring.area.top + ring.area.height / 2
    return any(0 < x - one.left < one.width and 0 < y - one.top < one.height for one in panels)


def _boxes(clips: tuple[RecordedClip, ...], search: _Search) -> np.ndarray:
    """Boxes of all listed things in the regular frames, and of the blobs that may be one."""
    height, width = search.layout.covered.shape
    rows, sides = search.sightings.records, search.sightings.side
    kinds = np.full(len(rows), UNCERTAIN)
    unsure = (search.labels < 0) & (sides > MIN_UNCERTAIN)
    sizes = np.stack([rows["width"], rows["height"]], axis=1)
    for number, thing in enumerate(search.things):
        kinds[thing.whole] = number
        sizes[thing.whole] = thing.width, thing.height
        unsure |= (search.labels == thing.group) & ~thing.whole & thing.is_thing
    chosen = np.flatnonzero(rows["regular"] & ((kinds >= 0) | unsure))
    boxes = np.zeros(len(chosen), FOUND_BOX)
    boxes["recording"], boxes["kind"] = rows["clip"][chosen], kinds[chosen]
    boxes["time_s"] = [clips[clip].times_s[frame] for clip, frame in zip(*_places(rows[chosen]), strict=True)]
    boxes["x"], boxes["y"] = rows["x"][chosen] / width, rows["y"][chosen] / height
    boxes["width"], boxes["height"] = sizes[chosen, 0] / width, sizes[chosen, 1] / height
    boxes["score"] = rows["stability"][chosen] / len(THRESHOLDS)
    return boxes


def _places(rows: np.ndarray) -> tuple[list[int], list[int]]:
    return rows["clip"].tolist(), rows["frame"].tolist()


def _regular(sightings: Sightings) -> np.ndarray:
    regular: np.ndarray = sightings.records[sightings.records["regular"]]
    return regular


def _pasteable(cut_outs: dict[int, list[CutOut]]) -> dict[int, list[np.ndarray]]:
    return {kind_id: [one.pixels for one in each] for kind_id, each in cut_outs.items()}


def _require_scikit_learn() -> None:
    """Fails before minutes of decoding."""
    from importlib.util import find_spec

    from understudy.contract.errors import MissingExtraError

    if find_spec("sklearn") is None:
        raise MissingExtraError("scikit-learn", "discover")
