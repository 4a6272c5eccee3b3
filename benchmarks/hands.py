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

from understudy.contract.action import Actor
from understudy.contract.errors import UnderstudyError
from understudy.contract.intent import no_intent
from understudy.contract.observation import OBSERVATION, TICK_RATE_HZ, TICK_S, Button, Observation, Role
from understudy.contract.profile import Kind, Profile, Rectangle
from understudy.contract.protocols import Step
from understudy.learning.data.gesture_segmentation import segment_gestures
from understudy.learning.data.motion_onset import event_spacing
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.policies.click_semantics import geometry_of
from understudy.policies.motor_model import difficulty, difficulty_bin
from understudy.recordings.episode import Episode, describe
from understudy.recordings.recorder import Recorder
from understudy.recordings.store import find_recordings, read_episode
from understudy.worlds.input_accumulator import InputAccumulator

BUTTONS = {"l": Button.LEFT, "r": Button.RIGHT}
ON_TIME_S = 2.5 * TICK_S
FEWEST_GESTURES = 20


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
    free = list(segment_gestures(episode.observation, episode.actions, geometry, episode.inputs))
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
        f"aimed ones {on_time} onsets within 2.5 ticks, {kept} with at least half of the way"
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
        gestures = segment_gestures(episode.observation, actions, geometry_of(episode.info.profile), episode.inputs)
        sessions.append((episode.observation, actions, gestures))
        raw = sum(event.kind == "press" and event.code in ("left", "right") for event in episode.inputs)
        down = actions["button"] != 0
        presses += raw or int((down[1:] & ~down[:-1]).sum())
        steps = _steps(actions)
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
    person, fitted = _peak_speeds(sessions)
    return f"{line}; median peak speed {person:.2f} widths/s, of the fitted motor model {fitted:.2f}"


def _steps(actions: np.ndarray) -> np.ndarray:
    """Way of the cursor in each tick, window fractions."""
    x, y = (np.diff(actions[name], prepend=actions[name][:1]) for name in ("cursor_x", "cursor_y"))
    return np.asarray(np.hypot(x, y))


def _peak_speeds(sessions: Sequence[tuple[Observation, np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Median over gestures of the highest speed, window widths a second: the person's, and the fitted model's."""
    hand = fit_motor_model(list(sessions))
    shares = np.asarray(hand["profile"], np.float64)
    person, fitted = [], []
    for _, actions, gestures in sessions:
        steps = _steps(actions)
        for g in gestures[gestures["arrival"] >= gestures["onset"]]:
            person.append(float(steps[g["onset"] : g["press"] + 1].max()) * TICK_RATE_HZ)
            way = float(np.hypot(g["x"] - g["start_x"], g["y"] - g["start_y"]))
            ticks = max(1, round(float(np.median(hand["duration"][difficulty_bin(difficulty(way, g["size"]))]))))
            at = np.interp(np.linspace(0, 1, ticks + 1), np.linspace(0, 1, len(shares)), shares)
            fitted.append(way * float(np.diff(at).max()) * TICK_RATE_HZ)
    return float(np.median(person)), float(np.median(fitted))


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
