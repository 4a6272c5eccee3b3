"""How each group behaves: is it clicked more than chance, does it move, where is it, does it vanish after a click.

Chance of a click: the same place in other regular frames of the session, eight for each press. What is always at one
place of the window, in the window's middle, or only there right after a press, is no thing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from understudy.perception.discovery.background import ForegroundFinder
from understudy.perception.discovery.recorded_clip import RecordedClip
from understudy.perception.discovery.screen_layout import ScreenLayout
from understudy.perception.discovery.sightings import Sightings

NUM_CHANCE = 8
SLACK = 8.0
"""Pixels that an object may have moved 0.4 s before or after the press."""
LINK_S, LINK_PX = 0.4, 34.0
"""Time and distance of two sightings of one object."""
VANISH_S = 5.0
CENTRE_PX = 14.0
MOVING_PX, MOVING_SIDES = 4.0, 0.08
"""Motion in 0.4 s that the scene does not explain, above which a group moves: pixels, and sides of its box. Parts of a
painted sky wander by the second as they come out of the threshold."""
EDGE_PX = 40.0
MIN_REACH_PX = 10.0
"""Least distance at which a clicked object is looked for where it should be by now."""
LOST = 3
"""Frames in a row without a sighting after which an object counts as lost."""
FACTORS = np.arange(0.8, 2.6, 0.1)
"""Candidates for the motion of what lies still, in motions of the background."""
MIN_SCENE_PX, MAX_SCENE_PX, FACTOR_PX = 6.0, 60.0, 4.0
"""Motions of the background by which the factor is judged, and the precision of a match, pixels."""
PRESS_PX, PRESS_S = 16.0, 0.7
"""Distance and time from a press within which a click marker shows."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One group."""

    num_sightings: int
    """In regular frames."""
    side_px: float
    """Median side of its box."""
    clicks: int
    """Presses that hit one."""
    chance: float
    """Presses that would hit one by chance."""
    p_value: float
    """Probability of as many clicks by chance (Poisson)."""
    residual_px: float
    """RMS of its motion that the scene's does not explain, pixels in 0.4 s; NaN without linked sightings."""
    motion_px: float
    """RMS of its motion on the screen."""
    persistence: float
    """Share of its sightings that are seen again 0.4 s later."""
    spread_px: float
    """Standard deviation of its place on the screen."""
    centred: float
    """Share of its sightings in the middle of the window."""
    after_press: float
    """Share of its sightings right after and at a press."""
    vanish_share: float
    """Share of the clicked ones that are gone within seconds; NaN without clicks."""

    @property
    def lift(self) -> float:
        """Clicks over chance."""
        return self.clicks / (self.chance + 0.15)

    @property
    def moves(self) -> bool:
        """Whether the scene does not explain its motion."""
        return self.residual_px > max(MOVING_PX, MOVING_SIDES * self.side_px)


def judge_groups(
    clips: Sequence[RecordedClip],
    layout: ScreenLayout,
    finder: ForegroundFinder,
    sightings: Sightings,
    labels: np.ndarray,
) -> tuple[list[Behaviour], int]:
    """Returns the behaviour of each group, and the number of presses on the scene."""
    from scipy.stats import poisson

    index = _Index(clips, sightings, labels)
    scene_motion = _Motion(clips, finder, index)
    num_groups = int(labels.max()) + 1
    own_rows = [np.flatnonzero((labels == group) & sightings.records["regular"]) for group in range(num_groups)]
    motions = [scene_motion.of_group(own, group) for group, own in enumerate(own_rows)]
    reach = np.array([np.clip(3 * residual, MIN_REACH_PX, LINK_PX) for residual, _, _ in motions])
    clicks, chance, num_presses, gone = _count_clicks(clips, layout, scene_motion, reach)
    p_values = np.asarray(poisson.sf(clicks - 1, chance + 0.15))
    behaviours = []
    for group in range(num_groups):
        own, (residual, motion, persistence) = own_rows[group], motions[group]
        rows = sightings.records[own]
        middle = np.array([layout.covered.shape[1] / 2, layout.covered.shape[0] / 2])
        away = np.hypot(rows["x"] - middle[0], rows["y"] - middle[1])
        behaviours.append(
            Behaviour(
                num_sightings=len(own),
                side_px=float(np.median(np.sqrt(rows["width"] * rows["height"]))) if len(own) else 0.0,
                clicks=int(clicks[group]),
                chance=float(chance[group]),
                p_value=float(p_values[group]),
                residual_px=residual,
                motion_px=motion,
                persistence=persistence,
                spread_px=float(np.hypot(rows["x"].std(), rows["y"].std())) if len(own) else 0.0,
                centred=float((away < CENTRE_PX).mean()) if len(own) else 0.0,
                after_press=_after_press(clips, rows, layout),
                vanish_share=float(np.mean(gone[group])) if gone[group] else float("nan"),
            )
        )
    return behaviours, num_presses


class _Index:
    """Sightings of each frame."""

    def __init__(self, clips: Sequence[RecordedClip], sightings: Sightings, labels: np.ndarray) -> None:
        self.rows, self.labels = sightings.records, labels
        self.reach = np.maximum(6.0, 0.6 * sightings.side)
        found: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, (clip, frame) in enumerate(zip(self.rows["clip"], self.rows["frame"], strict=True)):
            if labels[number] >= 0:
                found[int(clip), int(frame)].append(number)
        self.of_frame = {key: np.array(each) for key, each in found.items()}
        self.frames = {clip: sorted(f for c, f in self.of_frame if c == clip) for clip in range(len(clips))}

    def place(self, row: int, moved: np.ndarray | tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """Place of a sighting, moved by some pixels."""
        return np.array([self.rows["x"][row] + moved[0], self.rows["y"][row] + moved[1]], np.float64)

    def nearest(self, clip: int, frame: int, group: int, x: float, y: float) -> tuple[int, float] | None:
        """The sighting of a group nearest to a place in a frame, and its distance; None without one."""
        rows = self.of_frame.get((clip, frame))
        if rows is None:
            return None
        rows = rows[self.labels[rows] == group]
        if not len(rows):
            return None
        away = np.hypot(self.rows["x"][rows] - x, self.rows["y"][rows] - y)
        best = int(away.argmin())
        return int(rows[best]), float(away[best])

    def near(self, clip: int, frame: int | None, x: float, y: float, slack: float) -> np.ndarray:
        """Indices of the sightings of a frame that a point (pixels) hits."""
        rows = self.of_frame.get((clip, frame)) if frame is not None else None
        if rows is None:
            return np.zeros(0, int)
        away = np.hypot(self.rows["x"][rows] - x, self.rows["y"][rows] - y)
        return np.asarray(rows[away < self.reach[rows] + slack])


def _count_clicks(
    clips: Sequence[RecordedClip], layout: ScreenLayout, motion: "_Motion", reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int, list[list[bool]]]:
    """Returns clicks, chance clicks, presses on the scene, and of each group which clicked ones were gone after it."""
    height, width = layout.covered.shape
    index, num_groups = motion.index, len(reach)
    clicks, chance, num_presses = np.zeros(num_groups), np.zeros(num_groups), 0
    gone: list[list[bool]] = [[] for _ in range(num_groups)]
    generator = np.random.default_rng(0)
    for number, clip in enumerate(clips):
        for press in clip.presses:
            if not layout.is_scene(press.x, press.y) or not index.frames[number]:
                continue
            num_presses += 1
            x, y = press.x * width, press.y * height
            for group in _groups_hit(clip, number, index, press.time_s, x, y):
                clicks[group] += 1
                fate = _is_gone(
                    clip, number, motion, press.time_s, np.array([x, y]), group, float(reach[group]), layout
                )
                if fate is not None:
                    gone[group].append(fate)
            for _ in range(NUM_CHANCE):
                elsewhere = clip.times_s[int(generator.choice(index.frames[number]))]
                for group in _groups_hit(clip, number, index, elsewhere, x, y):
                    chance[group] += 1 / NUM_CHANCE
    return clicks, chance, num_presses, gone


def _groups_hit(clip: RecordedClip, number: int, index: _Index, time_s: float, x: float, y: float) -> set[int]:
    """Groups that a point hits at a time, or nearly hits 0.4 s before or after."""
    hit: set[int] = set()
    for ahead_s, slack in ((0.0, 0.0), (-LINK_S, SLACK), (LINK_S, SLACK)):
        rows = index.near(number, clip.nearest(time_s + ahead_s), x, y, slack)
        hit |= set(index.labels[rows].tolist())
    return hit


def _is_gone(
    clip: RecordedClip,
    number: int,
    motion: "_Motion",
    time_s: float,
    at: np.ndarray,
    group: int,
    reach: float,
    layout: ScreenLayout,
) -> bool | None:
    """Whether a clicked object is lost within VANISH_S, followed by its nearest sightings; None if it left the view."""
    height, width = layout.covered.shape
    index, misses = motion.index, 0
    frame = _searched(clip, index, number, time_s)
    for step in range(1, round(VANISH_S / LINK_S) + 1):
        after = _searched(clip, index, number, time_s + step * LINK_S)
        if frame >= 0 and after >= 0:
            at = at + motion.predicted(number, frame, after)
        frame = after if after >= 0 else frame
        inside = EDGE_PX < at[0] < width - EDGE_PX and EDGE_PX < at[1] < height - EDGE_PX
        if not (inside and layout.is_scene(at[0] / width, at[1] / height)):
            return None
        found = index.nearest(number, after, group, *at)
        if found is not None and found[1] < reach * (1 + misses):
            at, misses = index.place(found[0]), 0
        else:
            misses += 1
            if misses >= LOST:
                return True
    return False


def _searched(clip: RecordedClip, index: _Index, number: int, time_s: float) -> int:
    """The searched frame nearest to a time; -1 if there is none within 0.3 s."""
    frames = index.frames[number]
    times = [clip.times_s[frame] for frame in frames]
    at = int(np.searchsorted(times, time_s))
    best = min((each for each in (at - 1, at) if 0 <= each < len(frames)), key=lambda i: abs(times[i] - time_s))
    return frames[best] if abs(times[best] - time_s) <= 0.3 else -1


class _Motion:
    """Motion of sightings between searched frames, with what the scene's motion predicts for what lies still.

    Things move with the camera faster than a background far behind them: by one factor, which is that at which most
    sightings of a group are found again.
    """

    def __init__(self, clips: Sequence[RecordedClip], finder: ForegroundFinder, index: "_Index") -> None:
        self.index, self._clips, self._finder = index, clips, finder
        self._following: dict[tuple[int, int], int] = {}
        for number, clip in enumerate(clips):
            regular = clip.regular_numbers[::2].tolist()
            pairs = pairwise(regular)
            self._following |= {(number, a): b for a, b in pairs if clip.times_s[b] - clip.times_s[a] < 2 * LINK_S}
        self.factor = self._world_factor()

    def predicted(self, clip: int, frame: int, after: int) -> np.ndarray:
        """Motion of what lies still between two frames, pixels right and down."""
        return self.factor * self._scene(clip, frame, after)

    def of_group(self, own: np.ndarray, group: int) -> tuple[float, float, float]:
        """RMS of motion that the scene's does not explain, RMS of motion, and share of sightings that are linked."""
        residuals, moved, seen = [], [], 0
        for row in own.tolist():
            place = (int(self.index.rows["clip"][row]), int(self.index.rows["frame"][row]))
            after = self._following.get(place)
            if after is None:
                continue
            seen += 1
            expected = self.predicted(*place, after)
            found = self.index.nearest(place[0], after, group, *self.index.place(row, expected))
            if found is not None and found[1] < LINK_PX:
                step = self.index.place(found[0]) - self.index.place(row)
                residuals.append(step - expected)
                moved.append(step)
        if not moved:
            return float("nan"), float("nan"), 0.0
        return _rms(np.array(residuals)), _rms(np.array(moved)), len(moved) / max(1, seen)

    def _scene(self, clip: int, frame: int, after: int) -> np.ndarray:
        session = self._clips[clip]
        return np.asarray(self._finder.offset(session, after) - self._finder.offset(session, frame))

    def _world_factor(self) -> float:
        """The factor at which most sightings are found again where the camera moved."""
        hits = np.zeros(len(FACTORS))
        for (clip, frame), after in self._following.items():
            scene = self._scene(clip, frame, after)
            rows = self.index.of_frame.get((clip, frame))
            if rows is None or not MIN_SCENE_PX < np.hypot(*scene) < MAX_SCENE_PX:
                continue
            for row in rows.tolist():
                for number, factor in enumerate(FACTORS):
                    found = self.index.nearest(
                        clip, after, int(self.index.labels[row]), *self.index.place(row, factor * scene)
                    )
                    hits[number] += found is not None and found[1] < FACTOR_PX
        return float(FACTORS[int(hits.argmax())]) if hits.any() else 1.0


def _rms(steps: np.ndarray) -> float:
    """Robust RMS of steps, pixels: half of them are shorter."""
    return float(np.sqrt(np.median((steps**2).sum(axis=1))))


def _after_press(clips: Sequence[RecordedClip], rows: np.ndarray, layout: ScreenLayout) -> float:
    """Share of sightings within PRESS_S after a press and PRESS_PX of it."""
    if not len(rows):
        return 0.0
    height, width = layout.covered.shape
    hits = 0
    for number, clip in enumerate(clips):
        own = rows[rows["clip"] == number]
        times = np.array(clip.times_s)[own["frame"]] if len(own) else np.zeros(0)
        near = np.zeros(len(own), bool)
        for press in clip.presses:
            late = times - press.time_s
            away = np.hypot(own["x"] - press.x * width, own["y"] - press.y * height)
            near |= (late >= 0) & (late < PRESS_S) & (away < PRESS_PX)
        hits += int(near.sum())
    return hits / len(rows)
