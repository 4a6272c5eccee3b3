"""Pictures of a window in, observations out: detector, tracker, HUD in that order; the type that the simulator gives.

What cannot be seen is unknown: NaN, -1 or 0 by the observation's own rules, never a guess. All memory (who is who, the
last picture's lights, the log's last lines) is the eye's own, so one eye watches one window from one thread.
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
from understudy.contract.screen_layout import Screen
from understudy.perception.detector import Detector
from understudy.perception.ego_motion import EgoMotionEstimator
from understudy.perception.event_detector import EventDetector
from understudy.perception.health_bar_reader import OverheadReader
from understudy.perception.hud_reader import HudReader
from understudy.perception.label_map import kinds_of_labels
from understudy.perception.log_reader import LogReader
from understudy.perception.minimap_reader import Minimap, MinimapPose
from understudy.perception.nms import one_each
from understudy.perception.screen_regions import Scale, scale_of
from understudy.perception.size_prior import SizePrior
from understudy.perception.tracker import SIGHTING, STILL, Tracker, TrackerConfig

LONGEST_GAP_S = 1.0
"""After a longer pause without pictures nothing is followed on, and what happened meanwhile is not told as events."""
LEAP = 0.03
"""A ship that is farther away on the map than this from one picture to the next was moved, and did not fly."""
MARGIN = 0.1
"""By so much an object's detections must be surer on average than the least that counts as a detection."""
LARGEST_CURSOR = 2.2
"""A detection at the cursor whose sides are less than this many of its sizes may be the cursor."""
KEEPS = 0.4
"""So much of a ring's usual share is enough on the enemy that was selected in the picture before."""
HOLDS_S = 0.5
"""An enemy in sight stays selected so long though no ring is seen: a blast or another ship covers it now and then."""


@dataclass
class StageTimings:
    """CPU milliseconds that the last picture took, by part."""

    detector: float = 0.0
    hud: float = 0.0
    ego: float = 0.0
    tracker: float = 0.0
    overhead: float = 0.0


@dataclass
class PerceptionPipeline:
    """Sees one window."""

    profile: Profile
    """Of the game; its `eye` says what is where."""
    detector: Detector
    tracking: TrackerConfig | None = None
    """How objects are followed; None for what suits the profile."""

    def __post_init__(self) -> None:
        screen = self.profile.eye or Screen()
        aspect = self.profile.window_height / self.profile.window_width
        self._screen = screen
        self._kinds = kinds_of_labels(self.detector.names, self.profile)
        self._roles = np.array([kind.role for kind in self.profile.kinds], np.int16)
        self._hud, self._minimap, self._overhead = (
            HudReader(self.profile),
            Minimap(self.profile),
            OverheadReader(self.profile),
        )
        self._ego = EgoMotionEstimator(screen, aspect)
        self._logbook = None if screen.log is None else LogReader(screen.log)
        self._happenings, self._sizes = EventDetector(self.profile), SizePrior(len(self.profile.kinds))
        suited = TrackerConfig(least_confidence=screen.confidence + MARGIN)
        self.tracker = Tracker(aspect, self.tracking or suited)
        """Public for those who draw or measure what is followed."""
        self.costs = StageTimings()
        self._time_s = math.nan
        self._where = MinimapPose(math.nan, math.nan, -1, ())
        self._alive = True
        self._selected = 0
        self._ring_seen_s = -math.inf
        self._sky = np.zeros((0, 0), bool)

    def process(
        self,
        frame: UInt8[np.ndarray, "height width 3"],
        time_s: float,
        cursor: tuple[float, float],
        keys: int = 0,
        button: int = 0,
    ) -> Observation:
        """What a picture shows.

        Args:
            frame: RGB, of the whole window and nothing else.
            time_s: monotonic time at which it was true.
            cursor: window fractions.
            keys: bits of the profile's keys that were down since the picture before.
            button: a Button that was down since the picture before.

        Returns:
            An Observation of shape (1,) of its own memory.

        Raises:
            WorldError: if the picture is not one of a window of sensible size.
        """
        if frame.shape[0] < 64 or frame.shape[1] < 64:
            raise WorldError(f"A picture of {frame.shape[1]} x {frame.shape[0]} pixels is too small to see a game in.")
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
        lines = {} if self._logbook is None else self._logbook.read(frame, scale)
        lap()
        self._ego.look(_light(frame), self._open_sky(frame), elapsed_s)
        lap()
        tracked = self._track(sightings, elapsed_s, self._at_cursor(sightings, scale, cursor))
        now["player"]["vx"], now["player"]["vy"] = self._ego.velocity if now["player"]["alive"] else (0.0, 0.0)
        self._write_tracks(tracked, now)
        lap()
        self._read_enemies(frame, scale, now)
        self._note_safety(now)
        for number in self._happenings.detect(now, lines, died=died, jumped=jumped):
            self.tracker.forget(number)
            now["tracks"]["selected"][now["tracks"]["id"] == number] = 0  # told once more, as it was, but dead
        lap()
        self.costs = StageTimings(*(1000 * (later - earlier) for earlier, later in itertools.pairwise(marks)))
        return Observation(record)

    def _elapsed(self, time_s: float) -> float:
        """Seconds since the picture before; after a long pause everything begins anew."""
        elapsed_s, self._time_s = time_s - self._time_s, time_s
        if not 0 < elapsed_s < LONGEST_GAP_S:
            self.tracker.reset()
            self._ego.reset()
            self._happenings.reset()
            if self._logbook is not None:
                self._logbook.reset()
            return 0.0
        return elapsed_s

    def _open_sky(self, frame: np.ndarray) -> np.ndarray:
        """Where at half size neither a panel nor the player's own ship with its bars is."""
        shape = (frame.shape[0] // 2, frame.shape[1] // 2)
        if self._sky.shape != shape:
            self._sky = np.ones(shape, bool)
            ship = Rectangle(left=0.45, top=0.4, width=0.1, height=0.2)
            for part in (self.profile.minimap, *self.profile.panels, ship):
                top, bottom = round(part.top * shape[0]), round((part.top + part.height) * shape[0])
                left, right = round(part.left * shape[1]), round((part.left + part.width) * shape[1])
                self._sky[top:bottom, left:right] = False
        return self._sky

    def _sightings(self, frame: np.ndarray) -> np.ndarray:
        found = self.detector.detect(frame)
        kinds = self._kinds[found["label"]]
        known = kinds >= 0
        sightings = np.zeros(int(known.sum()), SIGHTING)
        sightings["kind"], sightings["role"] = kinds[known], self._roles[kinds[known]]
        for name in ("confidence", "x", "y", "width", "height"):
            sightings[name] = found[name][known]
        self._sizes.settle(sightings)
        return np.asarray(sightings[one_each(sightings)])

    def _locate(
        self, frame: np.ndarray, scale: Scale, cursor: tuple[float, float], now: np.void, elapsed_s: float
    ) -> tuple[bool, bool]:
        """Reads the minimap into the record; tells whether the ship jumped or was lost since the picture before."""
        before, spotted = self._where, self._minimap.read(frame, scale, cursor)
        where = spotted
        jumped = before.map_index >= 0 and where.map_index >= 0 and before.map_index != where.map_index
        leapt = math.hypot(where.x - before.x, where.y - before.y) > LEAP  # never where one of them is NaN
        died = self._alive and not now["player"]["alive"]
        self._alive = bool(now["player"]["alive"])
        if jumped or leapt:
            self.tracker.reset()
            self._ego.reset()
        if math.isnan(where.x) and not math.isnan(before.x) and not jumped:
            where = self._reckon(before, where, elapsed_s)
        self._where = where
        self._ego.walk(spotted.x, spotted.y, float(now["time_s"]), alone=not self._screen.parallax)
        player = now["player"]
        player["x"], player["y"], player["map_index"] = where.x, where.y, where.map_index
        for number, mark in enumerate(where.landmarks[:MAX_LANDMARKS]):
            now["landmarks"][number] = (mark.role, mark.x, mark.y)
        return jumped, died

    def _reckon(self, before: MinimapPose, where: MinimapPose, elapsed_s: float) -> MinimapPose:
        """The dot is hidden, by the cursor mostly: the ship goes on as it flew, if the profile says how far that is."""
        screen, alive = self._screen, self._alive
        across = elapsed_s * float(self._ego.velocity[0]) * (screen.view_width or 0.0) * alive
        down = elapsed_s * float(self._ego.velocity[1]) * (screen.view_height or 0.0) * alive
        x, y = min(max(before.x + across, 0.0), 1.0), min(max(before.y + down, 0.0), 1.0)
        return MinimapPose(x, y, where.map_index, where.landmarks)

    def _at_cursor(self, sightings: np.ndarray, scale: Scale, cursor: tuple[float, float]) -> np.ndarray:
        """Which sightings may be the game's own drawing of the cursor, with a ring around it where one presses: small
        ones at the cursor. Taken for a box, each click would lie on one."""
        size = self._screen.cursor_size * scale.unit
        across, down = (sightings["x"] - cursor[0]) * scale.width, (sightings["y"] - cursor[1]) * scale.height
        side = np.maximum(sightings["width"] * scale.width, sightings["height"] * scale.height)
        near = (np.maximum(across, down) < size) & (np.minimum(across, down) > -size / 2)  # it points up and left
        return np.asarray(near & (side < LARGEST_CURSOR * size))

    def _track(self, sightings: np.ndarray, elapsed_s: float, doubtful: np.ndarray) -> np.ndarray:
        """Follows the objects; those that stand still tell in turn how the ship itself moves."""
        tracker = self.tracker
        places = {int(one["id"]): (one["x"], one["y"]) for one in tracker.objects if one["role"] in STILL}
        tracked = tracker.update(sightings, elapsed_s, -self._ego.velocity, doubtful)
        moved = [
            (one["x"] - places[int(one["id"])][0], one["y"] - places[int(one["id"])][1])
            for one in tracker.objects
            if int(one["id"]) in places and one["missed"] == 0 and one["hits"] > 2
        ]
        if elapsed_s > 0:
            self._ego.correct(np.array(moved).reshape(-1, 2), elapsed_s)
        return tracked

    def _write_tracks(self, tracked: np.ndarray, now: np.void) -> None:
        """The nearest objects into the record's slots, nearest first."""
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
            track["hp"] = track["shield"] = np.nan

    def _read_enemies(self, frame: np.ndarray, scale: Scale, now: np.void) -> None:
        """Bars, writing and ring of the enemies in the record."""
        best, best_ring, held = -1, self._overhead.ring_share, -1
        faint = KEEPS * best_ring  # the one that was selected keeps its ring while somebody hides a part of it
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
        elif float(now["time_s"]) - self._ring_seen_s < HOLDS_S:
            best = held
        else:
            self._selected = 0
        if best >= 0:
            now["tracks"]["selected"][best] = 1

    def _note_safety(self, now: np.void) -> None:
        """Whether the ship is in a base's safe zone: by the base in sight, else by the minimap."""
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
            shape = aspect * screen.view_width / screen.view_height  # a map height in map widths
        for mark in now["landmarks"]:
            if mark["role"] == Role.BASE:
                away = math.hypot(mark["x"] - player["x"], (mark["y"] - player["y"]) * shape)
                player["safe"] = away < screen.safe_radius


def _light(frame: np.ndarray) -> UInt8[np.ndarray, "height width"]:
    """Brightness at half size."""
    green = cv2.extractChannel(frame, 1)  # most of brightness, and a third of the work
    return np.asarray(cv2.resize(green, (frame.shape[1] // 2, frame.shape[0] // 2), interpolation=cv2.INTER_AREA))
