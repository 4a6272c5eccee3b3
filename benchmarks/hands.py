"""What is learnt from people's hands: gestures found, their onsets, and the fitted motor model beside the person.

    python benchmarks/hands.py data/recordings ...      # any folders of recordings
    python benchmarks/hands.py --cases FOLDER           # mouse events of people, with what is known of each press

A case is NAME.csv (`ms,what,x,y`; what is m for a move, dl, ul, dr, ur for a button's press and release) with NAME.json
(`window`, `seconds`, and of each press `press_ms`, `button`, `way` in window widths, `onset_ms` or null). Its events go
through the recorder as a live session's do. Results: benchmarks/hands.md.
"""

import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from smallest import runs

from understudy.contract.action import ACTION, Actor
from understudy.contract.errors import UnderstudyError
from understudy.contract.intent import no_intent
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, TICK_S, Button, Observation, Role
from understudy.contract.profile import Kind, Profile, Rectangle
from understudy.contract.protocols import Step
from understudy.learning.data.gesture_segmentation import FEWEST_GESTURES, segment_gestures
from understudy.learning.data.motion_onset import event_spacing
from understudy.learning.data.motor_model_fit import Session, fit_motor_model
from understudy.policies.click_semantics import ClickKind, geometry_of
from understudy.policies.motor_model import BY_TABLE, DWELL, MOTOR_STATE, MOVE, NUM_UNIFORMS, begin_gesture, step_motor
from understudy.recordings.episode import Episode, describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import find_recordings, read_episode
from understudy.worlds.input_accumulator import InputAccumulator

BUTTONS = {"l": Button.LEFT, "r": Button.RIGHT}
ON_TIME_S = 2.5 * TICK_S
SHORTEST_WAY = 0.01
"""Window widths of a motion whose shape is compared."""
DRAWS = 5
"""Each motion of a person is played so often by the motor model."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is looked at."""

    recordings: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Folders or files."""
    cases: Path | None = None
    """Folder of cases."""


def record_case(path: Path, facts: dict[str, Any], folder: Path) -> Episode:
    """Feeds the events of a case to a recorder tick by tick; returns the session."""
    width, height = facts["window"]
    profile = Profile(
        name="case",
        window_title="case",
        window_width=width,
        window_height=height,
        minimap=Rectangle(left=0.9995, top=0.9995, width=0.0005, height=0.0005),
        keys=("none",),
        kinds=(Kind(name="thing", role=Role.OTHER),),
        maps=("map",),
    )
    with path.with_suffix(".csv").open(encoding="utf-8") as file:
        rows = [(int(row["ms"]) / 1000, row["what"], float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
    hands, coming = InputAccumulator(profile), 0
    hands.rest(rows[0][2:])
    info = describe(profile, pilot="person", world="desktop")
    recorder = Recorder(folder / f"{path.stem}.mcap", info, may_wait=True)
    place = hands.cursor
    for tick in range(round(facts["seconds"] / TICK_S) + 40):
        seen = np.zeros(1, OBSERVATION)
        seen["time_s"], seen["player"]["alive"] = 10 + tick * TICK_S, 1
        seen["cursor_x"], seen["cursor_y"] = place
        while coming < len(rows) and rows[coming][0] < (tick + 1) * TICK_S:
            time_s, what, *where = rows[coming]
            coming += 1
            if what == "m":
                hands.move(where, 10 + time_s)
            else:
                hands.turn_button(BUTTONS[what[1]], down=what[0] == "d", place=where, time_s=10 + time_s)
        action = hands.end_tick()
        place = np.array([action.records["cursor_x"][0], action.records["cursor_y"][0]])
        actor = np.array([Actor.PERSON], np.int8)
        recorder.on_step(Step(tick, Observation(seen), action, no_intent(1), actor, hands.take_inputs()))
    return read_episode(recorder.save())


def judge_case(path: Path) -> str:
    """A line: gestures found of the presses, onsets on time and half of the way kept of those with a known onset."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        episode = record_case(path, facts, Path(folder))
    geometry = geometry_of(episode.info.profile)
    gestures = segment_gestures(episode.observation, episode.actions, geometry, episode.inputs)
    free = list(gestures)
    found = late = aimed = on_time = kept = 0
    for press in facts["presses"]:
        button, tick = int(Button[press["button"].upper()]), press["press_ms"] / 1000 // TICK_S
        own = [g for g in free if int(g["button"]) == button and -1 <= g["press"] - tick <= 8]
        aimed += press["onset_ms"] is not None
        if not own:
            continue
        g = own[0]
        free = [other for other in free if other is not g and other["press"] >= g["press"]]
        found += 1
        late += (g["press"] + 1) * TICK_S - press["press_ms"] / 1000 > TICK_S + 0.001
        if press["onset_ms"] is not None:
            on_time += abs(g["onset"] * TICK_S - press["onset_ms"] / 1000) <= ON_TIME_S
            way = np.hypot(g["x"] - g["start_x"], (g["y"] - g["start_y"]) * geometry["aspect"])
            kept += way > 0.5 * press["way"]
    return (
        f"{path.stem}: {found} gestures of {len(facts['presses'])} presses, {late} more than a tick late; of {aimed} "
        f"aimed ones {on_time} onsets within 2.5 ticks, {kept} with at least half of the way; "
        f"{_compare_motions([(episode.observation, episode.actions, gestures)], geometry)}"
    )


def describe_recordings(place: Path) -> str:
    """A line: presses that became gestures, travel inside them, peak speed of the person and of the fitted model."""
    sessions, presses, inside, travel, spacings = [], 0, 0.0, 0.0, []
    for path in find_recordings(place):
        try:
            episode = read_episode(path)
        except UnderstudyError as problem:
            print(f"  {problem}")
            continue
        actions = episode.actions
        geometry = geometry_of(episode.info.profile)
        gestures = segment_gestures(episode.observation, actions, geometry, episode.inputs)
        sessions.append((episode.observation, actions, gestures))
        raw = sum(event.kind == "press" and event.code in ("left", "right") for event in episode.inputs)
        down = actions["button"] != 0
        presses += raw or int((down[1:] & ~down[:-1]).sum())
        steps = _steps(actions, float(geometry["aspect"]))
        in_gesture = np.zeros(len(actions), bool)
        for g in gestures:
            in_gesture[g["onset"] : g["press"] + 1] = True
        inside, travel = inside + float(steps[in_gesture].sum()), travel + float(steps.sum())
        moves = np.array([event.time_s for event in episode.inputs if event.kind == "move"])
        spacings += [event_spacing(moves)] if len(moves) else []
    num_gestures = sum(len(gestures) for *_, gestures in sessions)
    spacing = f"{1000 * float(np.median(spacings)):.0f} ms" if spacings else "unknown"
    line = (
        f"{place}: {num_gestures} gestures of {presses} presses, {inside / max(travel, 1e-9):.0%} of the cursor's "
        f"travel inside them, event spacing {spacing}"
    )
    if num_gestures < FEWEST_GESTURES:
        return f"{line}; too few for a motor model"
    return f"{line}; {_compare_motions(sessions, geometry)}"


def _steps(actions: np.ndarray, aspect: float) -> np.ndarray:
    """Way of the cursor in each tick, window widths."""
    x, y = (np.diff(actions[name], prepend=actions[name][:1]) for name in ("cursor_x", "cursor_y"))
    return np.asarray(np.hypot(x, y * aspect))


def _compare_motions(sessions: Sequence[Session], geometry: np.void) -> str:
    """Peak speeds and sideways bows of the person's motions and of the same ones by the motor model fitted to them."""
    hand = fit_motor_model(list(sessions), aspect=float(geometry["aspect"]))
    random = np.random.default_rng(0)
    person, played = [], []
    for observation, actions, gestures in sessions:
        for g in gestures[gestures["arrival"] >= gestures["onset"]]:
            own = actions[g["onset"] - 1 : g["press"] + 1]
            path = np.stack([own["cursor_x"], own["cursor_y"]], axis=1).astype(np.float64)
            if np.hypot(*(path[-1] - path[0]) * (1.0, geometry["aspect"])) >= SHORTEST_WAY:
                person.append(_shape(path, geometry))
                scene = observation.records[g["press"]].copy()
                scene["cursor_x"], scene["cursor_y"] = path[0]
                played += [_shape(_play(scene, g, hand, geometry, random), geometry) for _ in range(DRAWS)]
    (speed, bow), (own_speed, own_bow) = (np.median(shapes, axis=0) for shapes in (played, person))
    return (
        f"median peak speed of the person {own_speed:.2f} widths/s, of the fitted motor model {speed:.2f}; "
        f"median sideways bow {own_bow:.1%} and {bow:.1%} of the way"
    )


def _play(scene: np.void, g: np.void, hand: np.void, geometry: np.void, random: np.random.Generator) -> np.ndarray:
    """Plays a recorded gesture by a motor model, in the scene of its press; returns the cursor, (ticks, 2)."""
    state, action = np.zeros(1, MOTOR_STATE), np.zeros(1, ACTION)
    path = [(float(scene["cursor_x"]), float(scene["cursor_y"]))]
    target = {int(ClickKind.TRACK): int(g["track_id"]), int(ClickKind.LANDMARK): int(g["landmark"])}
    sort, button, x, y = int(g["sort"]), int(g["button"]), float(g["x"]), float(g["y"])
    while state[0]["duration"] == 0:  # the person moved, too
        goal = (sort, target.get(sort, -1), x, y)
        begin_gesture(state[0], hand, scene, geometry, *goal, button, random.random(NUM_UNIFORMS), BY_TABLE)
    while state[0]["phase"] in (MOVE, DWELL):
        step_motor(state[0], hand, scene, geometry, action[0])
        path.append((float(action["cursor_x"][0]), float(action["cursor_y"][0])))
    return np.array(path)


def _shape(path: np.ndarray, geometry: np.void) -> tuple[float, float]:
    """Returns the highest speed, widths a second, and the farthest the cursor is beside the way, in shares of it."""
    path = (path - path[0]) * (1.0, geometry["aspect"])
    length = max(float(np.hypot(*path[-1])), 1e-6)
    beside = np.abs(path[:, 0] * path[-1, 1] - path[:, 1] * path[-1, 0]) / length**2
    return float(np.hypot(*np.diff(path, axis=0).T).max(initial=0.0)) * TICK_RATE_HZ, float(beside.max())


def main() -> None:
    """Prints a line for each case and each place."""
    for words in runs(("{recordings}",)):
        settings = tyro.cli(Settings, description=__doc__, args=words)
        if settings.cases is not None:
            for path in sorted(settings.cases.glob("*.json")):
                print(judge_case(path), flush=True)
        for place in settings.recordings:
            print(describe_recordings(place), flush=True)


if __name__ == "__main__":
    main()
