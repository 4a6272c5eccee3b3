"""What becomes of presses that are faster than ticks: a scripted clicker through recorder, gestures and motor model.

    python benchmarks/fast_presses.py

A mouse that reports each 8 ms goes round in a circle for ten seconds while its left button is pressed 5 to 60 times a
second (down for 0.4 of the time). Printed are the presses in the ticks' actions, how far the ticks' cursor is behind
the true one, the gestures that are found from the raw events and the ticks in which they press, and how often the
motor model that is fitted to them presses when it begins the next gesture, in place, whenever it is free.
"""

import argparse

import numpy as np
from smallest import flags

from understudy.contract.action import ACTION
from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Button, Observation, empty_observation
from understudy.contract.protocols import InputEvent
from understudy.learning.data.gesture_segmentation import segment_gestures
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.policies.click_semantics import ClickKind, geometry_of
from understudy.policies.motor_model import BY_TABLE, IDLE, MOTOR_STATE, NUM_UNIFORMS, begin_gesture, step_motor
from understudy.worlds.catalog import load_profile
from understudy.worlds.input_accumulator import InputAccumulator

PROFILE = load_profile("darkorbit")
SPACING_S = 0.008
TURN_RATE = 0.6
"""Radians a second: less than one turn in ten seconds."""


def place(time_s: float) -> tuple[float, float]:
    """Where the true cursor is."""
    return 0.5 + 0.2 * float(np.cos(TURN_RATE * time_s)), 0.5 + 0.2 * float(np.sin(TURN_RATE * time_s))


def record(rate_hz: float, seconds: float) -> tuple[np.ndarray, tuple[InputEvent, ...], np.ndarray]:
    """Returns the ticks' actions, the raw events, and how far the cursor is behind at the end of each tick, seconds."""
    begins = np.arange(int(rate_hz * seconds)) / rate_hz + 0.001
    events = [(time_s, "press") for time_s in begins] + [(time_s + 0.4 / rate_hz, "release") for time_s in begins]
    events = sorted(events + [(number * SPACING_S, "move") for number in range(int(seconds / SPACING_S))])
    hand, actions, behind, at = InputAccumulator(PROFILE), [], [], 0
    for tick in range(1, round(seconds * TICK_RATE_HZ) + 1):
        while at < len(events) and events[at][0] < tick * TICK_S:
            time_s, kind = events[at]
            if kind == "move":
                hand.move(place(time_s), time_s)
            else:
                hand.turn_button(Button.LEFT, down=kind == "press", place=place(time_s), time_s=time_s)
            at += 1
        actions.append(hand.end_tick().records[0])
        turned = np.arctan2(actions[-1]["cursor_y"] - 0.5, actions[-1]["cursor_x"] - 0.5) % (2 * np.pi)
        behind.append(tick * TICK_S - turned / TURN_RATE)
    return np.array(actions, ACTION), hand.take_inputs(), np.array(behind)


def seen_of(actions: np.ndarray) -> Observation:
    """Returns what is seen beside the actions: nothing but the cursor and what is held."""
    seen = empty_observation(len(actions))
    seen.records["time_s"] = TICK_S * np.arange(len(actions))
    seen.records["player"]["alive"] = 1
    for name in ("cursor_x", "cursor_y", "button"):
        seen.records[name][1:] = actions[name][:-1]
    return seen


def played(hand: np.void, geometry: np.void, seconds: float) -> float:
    """Returns the presses a second of a motor model that begins the next gesture, in place, whenever it is free."""
    random, state, action = np.random.default_rng(0), np.zeros(1, MOTOR_STATE), np.zeros(1, ACTION)
    scene = empty_observation(1).records
    scene["player"]["alive"], scene["cursor_x"], scene["cursor_y"] = 1, 0.5, 0.5
    presses, before = 0, 0
    for _ in range(round(seconds * TICK_RATE_HZ)):
        if state[0]["phase"] == IDLE:
            goal = (int(ClickKind.SPACE), -1, 0.5, 0.5, int(Button.LEFT))
            begin_gesture(state[0], hand, scene[0], geometry, *goal, random.random(NUM_UNIFORMS), BY_TABLE)
        step_motor(state[0], hand, scene[0], geometry, action[0])
        presses += int(action["button"][0]) == Button.LEFT != before
        before = int(action["button"][0])
        for name in ("cursor_x", "cursor_y", "button"):
            scene[name] = action[name]
    return presses / seconds


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rates", type=float, nargs="+", default=[5.0, 10.0, 14.0, 20.0, 30.0, 60.0])
    options = parser.parse_args(flags("--seconds", "4", "--rates", "60"))
    geometry = geometry_of(PROFILE)
    print(
        "| presses a second | in ticks | cursor behind: median, at most | gestures | in ticks of their own | played |"
    )
    print("|---|---|---|---|---|---|")
    for rate in options.rates:
        actions, inputs, behind = record(rate, options.seconds)
        edges = np.diff((actions["button"] & Button.LEFT != 0).astype(int), prepend=0) == 1
        seen = seen_of(actions)
        gestures = segment_gestures(seen, actions, geometry, inputs, PROFILE.keys)
        hand = fit_motor_model([(seen, actions, gestures)], aspect=float(geometry["aspect"]))
        figures = [f"{np.sum(edges) / options.seconds:.1f}", f"{np.median(behind):.2f} s, {behind.max():.2f} s"]
        figures += [f"{len(found) / options.seconds:.1f}" for found in (gestures, np.unique(gestures["press"]))]
        print(f"| {rate:.0f} | {' | '.join(figures)} | {played(hand, geometry, options.seconds):.1f} |", flush=True)


if __name__ == "__main__":
    main()
