"""Checks of the hand in the raw events of mouse and keyboard: too few clicks, device spacing, presses without gestures,
overlapping buttons, and how much of the cursor's travel leads to a click or hovers over an object.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from understudy.contract.observation import Observation
from understudy.contract.protocols import InputEvent
from understudy.evaluation.diagnostics.findings import Finding, Severity, finding
from understudy.evaluation.diagnostics.play_checks import FEWEST_CLICKS
from understudy.evaluation.diagnostics.segments import ExaminedRecording, Segment, all_segments
from understudy.learning.data.gesture_segmentation import FEWEST_GESTURES, click_codes
from understudy.learning.data.hover_segmentation import find_hovers, kinds_hovered
from understudy.learning.data.motion_onset import event_spacing
from understudy.policies.click_semantics import HOVER, geometry_of
from understudy.recordings.input_events import InputEvents

LONGEST_SPACING_S = 0.05
"""A mouse reports each 1 to 16 ms; over a remote desktop 109 ms were seen."""
LEAST_FOUND = 0.9
"""Share of the presses beside panels that become gestures; of people's and teachers' all do."""
MOST_OVERLAPS = 0.05
LEAST_TRAVEL = 0.2
NO_EVENTS = "no raw events"


def check_clicks(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether there are enough clicks to learn from."""
    clicks = sum(len(part.gestures) for part in all_segments(examined))
    problem = (
        clicks < FEWEST_GESTURES,
        Severity.SERIOUS,
        f"Too few clicks to learn from: {FEWEST_GESTURES} are needed, and training refuses less",
        "Record play in which the mouse is used. If it was, the clicks lie on panels of the game's profile, or keys "
        "click in this game: name them in the profile's click_keys.",
    )
    return finding("clicks", "There are clicks to learn from", f"{clicks} clicks", problem)


def check_event_spacing(examined: list[ExaminedRecording]) -> Finding:
    """Checks the time between two mouse events of a motion: a remote desktop sends few."""
    events = [InputEvents.of(one.episode.inputs).records for one in examined]
    moves = [records["time_s"][records["kind"] == b"move"] for records in events]
    spacings = [event_spacing(times_s) for times_s in moves if len(times_s)]
    problem = (
        max(spacings, default=0.0) > LONGEST_SPACING_S,
        Severity.WARNING,
        "Mouse events come far apart, as over a remote desktop: each motion is seen at a few points only",
        "Play at the machine itself, or plug the mouse in by cable; motions are learnt all the same, less exactly.",
    )
    figure = f"{1000 * float(np.median(spacings)):.0f} ms between two events" if spacings else NO_EVENTS
    return finding("event_spacing", "The mouse reports often", figure, problem)


def check_presses(examined: list[ExaminedRecording]) -> Finding:
    """Checks that the presses that were heard have become gestures, but for those on panels."""
    pressed = found = 0
    for one in examined:
        pressed += sum(not _on_panel(event, one) for event in _presses(one))
        if one.episode.inputs:
            found += sum(int((part.gestures["button"] != HOVER).sum()) for part in one.stretches)
    problem = (
        pressed >= FEWEST_CLICKS and found < LEAST_FOUND * pressed,
        Severity.WARNING,
        "Many presses that were heard are no gestures, and nothing is learnt from them",
        "They fall into stretches that training leaves out, such as before a gap of over half a second, or the clock "
        "of the events is not that of the ticks: see the other findings.",
    )
    figure = f"{found} gestures of {pressed} presses beside panels" if pressed else NO_EVENTS
    return finding("presses", "Presses become gestures", figure, problem)


def check_overlaps(examined: list[ExaminedRecording]) -> Finding:
    """Checks how many presses come while another button or key that clicks is down; a note, for they are learnt."""
    presses = overlaps = 0
    for one in examined:
        codes, held = _click_codes(one), set[str]()
        for event in one.episode.inputs:
            if event.code not in codes:
                continue
            if event.kind == "press":
                presses, overlaps = presses + 1, overlaps + bool(held - {event.code})
                held.add(event.code)
            elif event.kind == "release":
                held.discard(event.code)
    problem = (
        overlaps > MOST_OVERLAPS * max(presses, 1),
        Severity.NOTE,
        "Buttons overlap: many presses come while another is held",
        "Each is learnt as a press of its own; a tick carries one press a button, so faster ones wait a twentieth of a "
        "second in play.",
    )
    figure = f"{overlaps} of {presses} presses" if presses else NO_EVENTS
    return finding("overlaps", "One button at a time", figure, problem)


def check_travel(examined: list[ExaminedRecording]) -> Finding:
    """Checks how much of the cursor's travel lies in gestures, and how much more in hovers over kinds that the profile
    does not name for it; neither these nor the rest, which wanders, is learnt."""
    inside = hovering = whole = 0.0
    rests = Counter[str]()
    for part in all_segments(examined):
        steps = np.hypot(np.diff(part.actions["cursor_x"]), np.diff(part.actions["cursor_y"]))
        whole, inside = whole + float(steps.sum()), inside + float(steps[part.busy[1:]].sum())
        hovers = _unlearnt_hovers(part)
        hovering += sum(float(steps[max(one["onset"] - 1, 0) : one["release"]].sum()) for one in hovers)
        kinds = kinds_hovered(Observation(part.observations), hovers)
        rests.update(part.profile.kinds[kind].name for kind in kinds if 0 <= kind < len(part.profile.kinds))
    share = inside / whole if whole else 1.0
    most = ", ".join(f"{name} ({count} times)" for name, count in rests.most_common(3)) or "no object"
    problem = (
        share < LEAST_TRAVEL,
        Severity.NOTE,
        "Most of the mouse's way leads to no click: it wanders, or hovers over kinds that the profile does not name",
        f"Nothing has to be done where the game is played by clicks. The cursor rests on {most}: if something comes of "
        "that, say hover = true of the kind in the profile and record again. Steering by the cursor is not learnt.",
    )
    apart = f"; {hovering / whole:.0%} hovers, {(whole - inside - hovering) / whole:.0%} wanders" if whole else ""
    return finding("travel", "The mouse's way leads to clicks", f"{share:.0%} of it{apart}", problem)


def _unlearnt_hovers(part: Segment) -> np.ndarray:
    return find_hovers(Observation(part.observations), part.actions, part.gestures, geometry_of(part.profile))


def _click_codes(one: ExaminedRecording) -> set[str]:
    profile = one.episode.info.profile
    return set(click_codes(geometry_of(profile), profile.keys))


def _presses(one: ExaminedRecording) -> Iterator[InputEvent]:
    """Yields the presses within the segments, of buttons and keys that click."""
    codes = _click_codes(one)
    spans = [(part.observations["time_s"][0], part.observations["time_s"][-1]) for part in one.stretches if len(part)]
    for event in one.episode.inputs:
        if event.kind == "press" and event.code in codes and any(first < event.time_s < last for first, last in spans):
            yield event


def _on_panel(event: InputEvent, one: ExaminedRecording) -> bool:
    return any(panel.contains(event.x, event.y) for panel in one.episode.info.profile.panels)
