"""Vision pipeline: converts an RGB frame of the game's window to the Observation that the simulator would give.

Order: detector, HUD, minimap, log, ego motion, tracker, enemies' bars, events. What is not visible is unknown: NaN, -1
or 0 by the Observation's rules, never a guess. The pipeline holds all state (tracks, the previous frame's stars, the
log's last lines), so one pipeline serves one window from one thread.
"""

import itertools
import math
import time
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from understudy.contract.errors import WorldError
from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, OBSERVATION, Observation, Role
from understudy.contract.profile import Profile, Rectangle
from understudy.contract.screen_layout import Bar, Screen
from understudy.perception.detector import Detector
from understudy.perception.ego_motion import EgoMotionEstimator
from understudy.perception.health_bar_reader import OverheadReader
from understudy.perception.hud_reader import HudReader
from understudy.perception.label_map import confidences_of_labels, kinds_of_labels
from understudy.perception.log_reader import LogReader
from understudy.perception.minimap_reader import MinimapPose, MinimapReader
from understudy.perception.nms import one_each
from understudy.perception.outcomes.event_detector import EventDetector
from understudy.perception.outcomes.score_reader import ScoreReader
from understudy.perception.screen_regions import Scale, scale_of
from understudy.perception.size_prior import SizePrior
from understudy.perception.tracker import SIGHTING, STILL, Tracker, TrackerConfig

MAX_GAP_S = 1.0
"""After a longer gap between frames all tracks are dropped, and changes during the gap make no events."""
MAX_STEP = 0.03
"""A ship whose map position changes by more than this (map fractions) between two frames was moved and did not fly."""
CONFIDENCE_MARGIN = 0.1
"""An object's mean confidence must exceed the detector's threshold by this much."""
MAX_CURSOR_SCALE = 2.2
"""A detection at the cursor may be the cursor itself when its longer side is below this multiple of the cursor's."""
RING_HYSTERESIS = 0.4
"""Hysteresis: the enemy selected in the previous frame keeps its selection at this fraction of the ring threshold."""
SELECTION_HOLD_S = 0.5
"""A visible enemy stays selected for this long without a visible ring: an explosion or another ship may cover it."""


@dataclass
class StageTimings:
    """CPU milliseconds of the last frame, by stage."""

    detector: float = 0.0
    hud: float = 0.0
    ego: float = 0.0
    tracker: float = 0.0
    overhead: float = 0.0


@dataclass
class PerceptionPipeline:
    """Turns frames of one window into Observations. Belongs to one thread."""

    profile: Profile
    """The game's profile; its `eye` is the screen layout."""
    detector: Detector
    tracking: TrackerConfig | None = None
    """None for a configuration that fits the profile's confidence threshold."""

    def __post_init__(self) -> None:
        screen = self.profile.eye or Screen()
        aspect = self.profile.window_height / self.profile.window_width
        self._screen = screen
        self._kinds = kinds_of_labels(self.detector.names, self.profile)
        self._confidences = confidences_of_labels(self.detector.names, self.profile)
        self._roles = np.array([kind.role for kind in self.profile.kinds], np.int16)
        self._bars = [gauge.reading.area for gauge in self.profile.gauges if isinstance(gauge.reading, Bar)]
        self._hud, self._minimap, self._overhead = (
            HudReader(self.profile),
            MinimapReader(self.profile),
            OverheadReader(self.profile),
        )
        self._ego = EgoMotionEstimator(screen, aspect)
        self._log_reader = None if screen.log is None else LogReader(screen.log)
        self._score_reader = None if screen.score is None else ScoreReader(screen.score)
        self._event_detector, self._size_prior = EventDetector(self.profile), SizePrior(len(self.profile.kinds))
        suited = TrackerConfig(least_confidence=screen.confidence + CONFIDENCE_MARGIN)
        self.tracker = Tracker(aspect, self.tracking or suited)
        """Public, so that viewers and benchmarks can read its tracks."""
        self.stage_timings = StageTimings()
        self._time_s = math.nan
        self._pose = MinimapPose(math.nan, math.nan, -1, ())
        self._alive = True
        self._selected = 0
        self._ring_seen_s = -math.inf
        self._background_mask = np.zeros((0, 0), bool)

    def process(
        self,
        frame: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        cursor: tuple[float, float],
        keys: int = 0,
        button: int = 0,
    ) -> Observation:
        """Turns one frame into an Observation.

        Args:
            frame: RGB, exactly the window's content.
            time_s: monotonic capture time.
            cursor: window fractions.
            keys: bits of the profile's keys that were down since the previous frame.
            button: a Button that was down since the previous frame.

        Returns:
            An Observation of shape (1,) that owns its memory.

        Raises:
            WorldError: if the frame is smaller than 64 x 64 pixels.
        """
        if frame.shape[0] < 64 or frame.shape[1] < 64:
            raise WorldError(
                f"A frame of {frame.shape[1]} x {frame.shape[0]} pixels is too small: expected at least 64 x 64."
            )
        scale, record = scale_of(self.profile, frame), np.zeros(1, OBSERVATION)
        if math.isnan(self._time_s):
            self._overhead.compile(frame, scale)
        now, elapsed_s = record[0], self._elapsed(time_s)
        now["time_s"], now["keys"], now["button"] = time_s, keys, button
        now["cursor_x"], now["cursor_y"] = cursor
        marks = [time.process_time()]

        def lap() -> None:
            marks.append(time.process_time())

        sightings = self._sightings(frame)
        lap()
        self._hud.read(frame, scale, now["player"])
        jumped, died = self._locate(frame, scale, cursor, now, elapsed_s)
        lines = {} if self._log_reader is None else self._log_reader.read(frame, scale)
        lap()
        self._ego.update_from_stars(_light(frame), self._background(frame), elapsed_s)
        lap()
        tracked = self._track(sightings, elapsed_s, self._at_cursor(sightings, scale, cursor))
        now["player"]["vx"], now["player"]["vy"] = self._ego.velocity if now["player"]["alive"] else (0.0, 0.0)
        self._write_tracks(tracked, now)
        lap()
        self._read_enemies(frame, scale, now)
        self._write_safe_zone(now)
        for number in self._event_detector.detect(now, lines, died=died, jumped=jumped):
            self.tracker.forget(number)
            now["tracks"]["selected"][now["tracks"]["id"] == number] = 0  # reported a last time, no longer selected
        if self._score_reader is not None:
            now["events"]["value"] = self._score_reader.gain(frame, scale)
        lap()
        self.stage_timings = StageTimings(*(1000 * (later - earlier) for earlier, later in itertools.pairwise(marks)))
        return Observation(record)

    def _elapsed(self, time_s: float) -> float:
        """Returns the seconds since the previous frame; after a long gap resets all state and returns 0."""
        elapsed_s, self._time_s = time_s - self._time_s, time_s
        if not 0 < elapsed_s < MAX_GAP_S:
            self.tracker.reset()
            self._ego.reset()
            self._event_detector.reset()
            if self._log_reader is not None:
                self._log_reader.reset()
            if self._score_reader is not None:
                self._score_reader.reset()
            return 0.0
        return elapsed_s

    def _background(self, frame: np.ndarray) -> np.ndarray:
        """Returns the background mask at half size: True outside the panels and the player's own ship with its bars."""
        shape = (frame.shape[0] // 2, frame.shape[1] // 2)
        if self._background_mask.shape != shape:
            self._background_mask = np.ones(shape, bool)
            ship = Rectangle(left=0.45, top=0.4, width=0.1, height=0.2)
            for part in (self.profile.minimap, *self.profile.panels, ship):
                top, bottom = round(part.top * shape[0]), round((part.top + part.height) * shape[0])
                left, right = round(part.left * shape[1]), round((part.left + part.width) * shape[1])
                self._background_mask[top:bottom, left:right] = False
        return self._background_mask

    def _sightings(self, frame: np.ndarray) -> np.ndarray:
        found = self.detector.detect(frame)
        kinds = self._kinds[found["label"]]
        known = (kinds >= 0) & ~self._is_on_gauge(found)
        sightings = np.zeros(int(known.sum()), SIGHTING)
        sightings["kind"], sightings["role"] = kinds[known], self._roles[kinds[known]]
        for name in ("confidence", "x", "y", "width", "height"):
            sightings[name] = found[name][known]
        if self._screen.confidences:
            sightings["confidence"] = self._common_scale(sightings["confidence"], found["label"][known])
        self._size_prior.apply(sightings)
        return np.asarray(sightings[one_each(sightings)])

    def _is_on_gauge(self, found: np.ndarray) -> np.ndarray:
        """Returns which detections have their middle on a bar of the profile: its end may look like an object."""
        on_gauge = np.zeros(len(found), bool)
        for area in self._bars:
            across, down = found["x"] - area.left, found["y"] - area.top
            on_gauge |= (across >= 0) & (across <= area.width) & (down >= 0) & (down <= area.height)
        return on_gauge

    def _common_scale(self, confidences: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Scores on one scale, on which the least of every class is the profile's `confidence`: tracker and size prior
        have thresholds of their own."""
        least, common = self._confidences[labels], np.float32(self._screen.confidence)
        return np.asarray(common + (confidences - least) * (1 - common) / (1 - least))

    def _locate(
        self, frame: np.ndarray, scale: Scale, cursor: tuple[float, float], now: np.void, elapsed_s: float
    ) -> tuple[bool, bool]:
        """Reads the minimap into the record; returns whether the ship jumped and whether it died since the previous
        frame."""
        before, measured = self._pose, self._minimap.read(frame, scale, cursor)
        where = measured
        jumped = before.map_index >= 0 and where.map_index >= 0 and before.map_index != where.map_index
        teleported = math.hypot(where.x - before.x, where.y - before.y) > MAX_STEP  # False where either is NaN
        died = self._alive and not now["player"]["alive"]
        self._alive = bool(now["player"]["alive"])
        if jumped or teleported:
            self.tracker.reset()
            self._ego.reset()
        if math.isnan(where.x) and not math.isnan(before.x) and not jumped:
            where = self._dead_reckon(before, where, elapsed_s)
        self._pose = where
        self._ego.update_from_minimap(measured.x, measured.y, float(now["time_s"]), alone=not self._screen.parallax)
        player = now["player"]
        player["x"], player["y"], player["map_index"] = where.x, where.y, where.map_index
        for number, mark in enumerate(where.landmarks[:MAX_LANDMARKS]):
            now["landmarks"][number] = (mark.role, mark.x, mark.y)
        return jumped, died

    def _dead_reckon(self, before: MinimapPose, where: MinimapPose, elapsed_s: float) -> MinimapPose:
        """Dead-reckons while the ship's dot is hidden, mostly by the cursor: the last position plus the ego motion,
        where the profile gives the window's size on the map."""
        screen, alive = self._screen, self._alive
        across = elapsed_s * float(self._ego.velocity[0]) * (screen.view_width or 0.0) * alive
        down = elapsed_s * float(self._ego.velocity[1]) * (screen.view_height or 0.0) * alive
        x, y = min(max(before.x + across, 0.0), 1.0), min(max(before.y + down, 0.0), 1.0)
        return MinimapPose(x, y, where.map_index, where.landmarks)

    def _at_cursor(self, sightings: np.ndarray, scale: Scale, cursor: tuple[float, float]) -> np.ndarray:
        """Returns which sightings may be the game's cursor (with a ring during a press): small ones at its position.
        Tracked as boxes, they would put a box under every click."""
        size = self._screen.cursor_size * scale.unit
        across, down = (sightings["x"] - cursor[0]) * scale.width, (sightings["y"] - cursor[1]) * scale.height
        side = np.maximum(sightings["width"] * scale.width, sightings["height"] * scale.height)
        near = (np.maximum(across, down) < size) & (np.minimum(across, down) > -size / 2)  # its tip points up left
        return np.asarray(near & (side < MAX_CURSOR_SCALE * size))

    def _track(self, sightings: np.ndarray, elapsed_s: float, doubtful: np.ndarray) -> np.ndarray:
        """Updates the tracker; the displacement of static objects then corrects the ego motion."""
        tracker = self.tracker
        places = {int(one["id"]): (one["x"], one["y"]) for one in tracker.objects if one["role"] in STILL}
        tracked = tracker.update(sightings, elapsed_s, -self._ego.velocity, doubtful)
        moved = [
            (one["x"] - places[int(one["id"])][0], one["y"] - places[int(one["id"])][1])
            for one in tracker.objects
            if int(one["id"]) in places and one["missed_s"] == 0 and one["hits"] > 2
        ]
        if elapsed_s > 0:
            self._ego.update_from_static_objects(np.array(moved).reshape(-1, 2), elapsed_s)
        return tracked

    def _write_tracks(self, tracked: np.ndarray, now: np.void) -> None:
        """Writes the objects nearest to the ship into the record's slots, nearest first."""
        aspect = self.profile.window_height / self.profile.window_width
        away = np.square(tracked["x"] - 0.5) + np.square((tracked["y"] - 0.5) * aspect)
        inside = (np.abs(tracked["x"] - 0.5) <= 0.5) & (np.abs(tracked["y"] - 0.5) <= 0.5)
        order = np.argsort(np.where(inside, away, 9.0), kind="stable")[: min(MAX_TRACKS, int(inside.sum()))]
        velocity = now["player"]["vx"], now["player"]["vy"]
        for slot, one in enumerate(tracked[order]):
            track = now["tracks"][slot]
            for name in ("id", "kind", "role", "x", "y", "width", "height"):
                track[name] = one[name]
            track["vx"], track["vy"] = one["vx"] - velocity[0], one["vy"] - velocity[1]
            track["gauges"] = np.nan

    def _read_enemies(self, frame: np.ndarray, scale: Scale, now: np.void) -> None:
        """Reads bars, tag and selection ring of the enemies in the record."""
        best, best_ring, held = -1, self._overhead.ring_share, -1
        faint = RING_HYSTERESIS * best_ring  # hysteresis while another object covers a part of the ring
        for slot, track in enumerate(now["tracks"]):
            if track["role"] not in (Role.ENEMY, Role.PLAYER) or track["id"] <= 0:
                continue
            self._overhead.read(frame, scale, track)
            ring = self._overhead.ring(frame, scale, track)
            if ring > best_ring or (best < 0 and int(track["id"]) == self._selected and ring > faint):
                best, best_ring = slot, max(ring, best_ring)
            if int(track["id"]) == self._selected:
                held = slot
        if best >= 0:
            self._ring_seen_s, self._selected = float(now["time_s"]), int(now["tracks"]["id"][best])
        elif float(now["time_s"]) - self._ring_seen_s < SELECTION_HOLD_S:
            best = held
        else:
            self._selected = 0
        if best >= 0:
            now["tracks"]["selected"][best] = 1

    def _write_safe_zone(self, now: np.void) -> None:
        """Writes whether the ship is in a base's safe zone, by the visible base, else by the minimap."""
        screen, player = self._screen, now["player"]
        if screen.safe_radius is None:
            return
        aspect = self.profile.window_height / self.profile.window_width
        if screen.view_width is not None:
            for track in now["tracks"]:
                if track["role"] == Role.BASE and track["id"] > 0:
                    away = math.hypot(track["x"] - 0.5, (track["y"] - 0.5) * aspect) * screen.view_width
                    player["safe"] = away < screen.safe_radius
                    return
        shape = 1.0
        if screen.view_width is not None and screen.view_height is not None:
            shape = aspect * screen.view_width / screen.view_height  # map height in map widths
        for mark in now["landmarks"]:
            if mark["role"] == Role.BASE:
                away = math.hypot(mark["x"] - player["x"], (mark["y"] - player["y"]) * shape)
                player["safe"] = away < screen.safe_radius


def _light(frame: np.ndarray) -> UInt8[np.ndarray, "height width"]:
    """Brightness at half size, approximated by the green channel."""
    green = cv2.extractChannel(frame, 1)  # dominates luminance, at a third of the cost
    return np.asarray(cv2.resize(green, (frame.shape[1] // 2, frame.shape[0] // 2), interpolation=cv2.INTER_AREA))
