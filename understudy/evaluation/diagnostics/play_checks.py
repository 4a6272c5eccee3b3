"""Checks of the play: idle time, menus and chat, mis-clicks, and the distribution of modes and keys.

The thresholds are well above the values of three styles of the teacher in 30-minute recordings, and below those of the
same teachers with the fault in question simulated (docs/manual/doctor.md has both).
"""

import numpy as np
from jaxtyping import Bool, Int64

from understudy.contract.intent import Mode
from understudy.contract.observation import TICK_RATE_HZ, Role
from understudy.evaluation.diagnostics.findings import Finding, Severity, finding
from understudy.evaluation.diagnostics.segments import ExaminedRecording, Segment, all_segments
from understudy.policies.click_semantics import ClickKind

IDLE_S = 20.0
"""Seconds without input, alive and with nothing to wait for, that count as idle."""
WHOLE = 0.97
"""Gauges of health below this are a reason to wait: they repair themselves."""
FLYING = 0.02
"""A ship faster than this (window widths or heights a second) is flying to a place, which needs no input."""
MOST_IDLE = 0.03
BURST_S, BURST_STEP_S, BURST_KEYS, BURST_PANEL_CLICKS = 15.0, 5.0, 5, 3
"""This many keys or panel clicks in such a window, without one click on the game, are menus or chat."""
MOST_CHAT = 0.02
SLIP_SIZES = 2.6
"""A click on space this many half-sizes from an object, followed by one on it, counts as a miss."""
SLIP_S = 2.0
MOST_SLIPS = 0.07
MOST_PANEL_CLICKS = 0.10
LEAST_SEEN, FEWEST_CLICKS = 0.1, 20
"""Share of the clicks in open space that hit an object, below which the detector misses things (teachers: 0.37 to
0.53); with fewer clicks nothing is said."""
LEAST_MODE, MOST_MODE = 0.01, 0.85
MOST_ONE_KEY = 0.90
RARE_PRESSES = 10

LEAST_BAR_S, MOST_UNREAD = 180.0, 0.5
"""Seconds of play from which a bar that never moves is a finding; share of ticks in which a bar may be unknown."""


def check_seen(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether clicks land on objects that were seen: if hardly any does, the detector misses what is clicked."""
    sorts = np.concatenate([np.zeros(0, np.int8), *(part.gestures["sort"] for part in all_segments(examined))])
    on_objects, clicks = (
        int((sorts == ClickKind.TRACK).sum()),
        int(np.isin(sorts, (ClickKind.TRACK, ClickKind.SPACE)).sum()),
    )
    figure = f"{on_objects} of {clicks} clicks in open space hit an object that was seen"
    problem = (
        clicks >= FEWEST_CLICKS and on_objects < LEAST_SEEN * clicks,
        Severity.SERIOUS,
        "Hardly any click hits an object that was seen: the detector misses what is clicked",
        "Look at what it finds with  understudy detector look . Lower its confidence or train it on pictures of this "
        "game (understudy detector frames picks some), then  understudy recordings reperceive .",
    )
    return finding("seen", "Clicks land on objects that are seen", figure, problem)


def check_bars(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether the player's bars were read off the screen: unknown or unmoving ones are declared wrongly."""
    unread, stuck, figure = [], [], []
    on_screen = [one.episode for one in examined if one.episode.info.world == "desktop"]
    for name in dict.fromkeys(name for episode in on_screen for name in episode.info.profile.health_bars):
        parts = [
            episode.observations["player"]["gauges"][:, episode.info.profile.gauge(name)]
            for episode in on_screen
            if name in episode.info.profile.health_bars
        ]
        values = np.concatenate([np.zeros(0, np.float32), *parts])
        known = values[np.isfinite(values)]
        if not len(values):
            continue
        figure.append(f"{name} known in {len(known) / len(values):.0%}")
        if len(values) - len(known) > MOST_UNREAD * len(values):
            unread.append(name)
        elif len(values) >= LEAST_BAR_S * TICK_RATE_HZ and known.min() == known.max() and known[0] in (0.0, 1.0):
            stuck.append(f"{name} ({known[0]:.0%})")
    advice = (
        "Bars are read that fill from the left: see  understudy profile check . Take another sort of bar out of the "
        "profile, or mend its rectangle and colours, then  understudy recordings reperceive ."
    )
    return finding(
        "bars",
        "The player's bars are read",
        ", ".join(figure) or "none was read off the screen",
        (bool(unread), Severity.WARNING, f"Bars are unknown most of the time: {', '.join(unread)}", advice),
        (bool(stuck), Severity.WARNING, f"Bars never move, as if they were read wrongly: {', '.join(stuck)}", advice),
    )


def check_idle(examined: list[ExaminedRecording]) -> Finding:
    """Checks the time without input, except flight, waiting for repairs and death."""
    parts = all_segments(examined)
    share = sum(_idle_ticks(part) for part in parts) / max(sum(map(len, parts)), 1)
    problem = (
        share > MOST_IDLE,
        Severity.WARNING,
        f"Nobody played for {share:.0%} of the time: hands rested for {IDLE_S:.0f} s and more with nothing to wait for",
        "Stop recording when you leave the keyboard: the understudy learns to stand still, too.",
    )
    return finding("idle", "Hands rest only when there is something to wait for", f"{share:.1%} idle", problem)


def check_menus_and_chat(examined: list[ExaminedRecording]) -> Finding:
    """Checks for bursts of typing or panel clicks without any gesture in the game."""
    parts = all_segments(examined)
    share = sum(int(_distracted(part).sum()) for part in parts) / max(sum(map(len, parts)), 1)
    problem = (
        share > MOST_CHAT,
        Severity.WARNING,
        "There are bursts of typing or of clicks on panels while nothing of the game is clicked: menus or chat",
        "Stop recording for messages and menus: letters that are keys of the game are learnt as play.",
    )
    return finding("menus_and_chat", "No bursts of typing or of clicks on panels", f"{share:.1%} of the time", problem)


def check_panel_clicks(examined: list[ExaminedRecording]) -> Finding:
    """Checks for clicks on parts of the window outside the game."""
    parts = all_segments(examined)
    clicks = sum(len(part.clicks) for part in parts)
    share = sum(len(part.clicks) - len(part.gestures) for part in parts) / max(clicks, 1)
    problem = (
        share > MOST_PANEL_CLICKS,
        Severity.WARNING,
        "Many clicks land on panels, which no policy learns from",
        "If these are clicks on the game, the panels of the game's profile lie in the wrong place: mend the profile.",
    )
    return finding("panel_clicks", "Clicks are on the game", f"{share:.1%} of {clicks} clicks", problem)


def check_mis_clicks(examined: list[ExaminedRecording]) -> Finding:
    """Checks for clicks on space beside an object that the next click hits."""
    parts = all_segments(examined)
    slips = sum(_slips(part) for part in parts)
    aimed = slips + sum(int(np.isin(part.gestures["role"], (Role.ENEMY, Role.LOOT)).sum()) for part in parts)
    share = slips / max(aimed, 1)
    problem = (
        share > MOST_SLIPS,
        Severity.WARNING,
        "Many clicks miss what they were meant for and are made again",
        "Play at a calmer pace or with a slower mouse: the understudy's hand learns to miss as often.",
    )
    return finding(
        "mis_clicks", "Clicks hit what they are meant for", f"{share:.1%} of {aimed} clicks at objects", problem
    )


def check_modes(examined: list[ExaminedRecording]) -> Finding:
    """Checks how much there is of each mode, by the hindsight labels."""
    parts = all_segments(examined)
    counts = sum((np.bincount(part.modes, minlength=len(Mode)) for part in parts), np.zeros(len(Mode), np.int64))
    shares = counts / max(counts.sum(), 1)
    rare = [mode.name for mode in Mode if shares[mode] < LEAST_MODE]
    much = Mode(int(shares.argmax())).name
    return finding(
        "modes",
        "There is something of every mode",
        ", ".join(f"{mode.name} {shares[mode]:.0%}" for mode in Mode),
        (
            bool(shares.max() > MOST_MODE),
            Severity.WARNING,
            f"Nearly all of the play is {much}",
            f"Record play in which other things than {much} are called for: other maps, other tasks.",
        ),
        (
            bool(rare),
            Severity.WARNING,
            f"Too little of {', '.join(rare)}",
            f"Play on into situations that call for {', '.join(rare)}; what was never shown cannot be learnt.",
        ),
    )


def check_keys(examined: list[ExaminedRecording]) -> Finding:
    """Checks how often each key is pressed."""
    names = examined[0].episode.info.profile.keys
    parts = [part for part in all_segments(examined) if len(part.keys) == len(names)]
    counts = np.array([sum(len(part.keys[key]) for part in parts) for key in range(len(names))], np.int64)
    rare = [name for name, count in zip(names, counts, strict=True) if count < RARE_PRESSES]
    most = names[int(counts.argmax())] if len(names) else ""
    figure = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
    return finding(
        "keys",
        "The keys are used" + (f" (too seldom to be learnt: {', '.join(rare)})" if rare else ""),
        figure,
        (
            bool(counts.sum() == 0),
            Severity.WARNING,
            "No key of the game is ever pressed",
            "If keys were pressed, they are not those of the game's profile: mend the profile.",
        ),
        (
            bool(counts.max(initial=0) > MOST_ONE_KEY * counts.sum()),
            Severity.WARNING,
            f"Nearly all key presses are {most}",
            "Use the other keys as well where they are called for, or let go of a key that repeats itself.",
        ),
    )


def _idle_ticks(part: Segment) -> int:
    """Returns the number of ticks in unexplained rests of at least IDLE_S."""
    player = part.observations["player"]
    places = list(part.profile.health_places)
    health = player["gauges"][:, places].mean(axis=1) if places else np.ones(len(part), np.float32)
    unhurt = ~(health < WHOLE) | (part.observations["events"]["damage_taken"] > 0)  # unreadable bars count as whole
    flying = np.hypot(player["vx"], player["vy"]) > FLYING
    needed = unhurt & (player["alive"] != 0) & ~flying
    found = 0
    for begin, end in _rests(part):
        if end - begin >= IDLE_S * TICK_RATE_HZ:
            wasted = int(needed[begin:end].sum())
            found += wasted if wasted >= 0.5 * IDLE_S * TICK_RATE_HZ else 0
    return found


def _rests(part: Segment) -> Int64[np.ndarray, "R 2"]:
    """Returns (first tick, one past the last) of each rest of cursor, button and keys."""
    actions = part.actions
    active = (actions["button"] != 0) | (actions["keys"] != 0)
    for axis in ("cursor_x", "cursor_y"):
        active[1:] |= np.abs(np.diff(actions[axis])) > 1e-4
    edges = np.flatnonzero(np.diff(np.concatenate([[True], active, [True]]).astype(np.int8)))
    return np.asarray(edges.reshape(-1, 2), np.int64)


def _distracted(part: Segment) -> Bool[np.ndarray, " T"]:
    """Marks ticks in windows with many keys or panel clicks and without a gesture."""
    length, step = round(BURST_S * TICK_RATE_HZ), round(BURST_STEP_S * TICK_RATE_HZ)
    on_panels = np.setdiff1d(part.clicks, part.gestures["press"])
    typed = part.key_ticks
    found = np.zeros(len(part), bool)
    for begin in range(0, len(part) - length + 1, step):
        played, keyed, clicked = (
            int(np.diff(np.searchsorted(ticks, [begin, begin + length]))[0])
            for ticks in (part.gestures["press"], typed, on_panels)
        )
        if played == 0 and (keyed >= BURST_KEYS or clicked >= BURST_PANEL_CLICKS):
            found[begin : begin + length] = True
    return found


def _slips(part: Segment) -> int:
    """Returns the number of clicks on space beside an enemy or a box that the next click hits."""
    slips = 0
    for gesture, after in zip(part.gestures[:-1], part.gestures[1:], strict=True):
        if gesture["sort"] != ClickKind.SPACE or after["press"] - gesture["press"] > SLIP_S * TICK_RATE_HZ:
            continue
        tracks = part.observations["tracks"][gesture["press"]]
        wanted = tracks[(tracks["id"] == after["track_id"]) & (tracks["id"] > 0)]
        if len(wanted) and wanted[0]["role"] in (Role.ENEMY, Role.LOOT):
            away_x = abs(wanted[0]["x"] - gesture["x"]) / max(0.5 * wanted[0]["width"], 1e-4)
            away_y = abs(wanted[0]["y"] - gesture["y"]) / max(0.5 * wanted[0]["height"], 1e-4)
            slips += int(max(away_x, away_y) < SLIP_SIZES)
    return slips
