"""Checks of the files: torn files, duplicate and missing ticks, windows, copies, actors, length."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy.contract.action import Actor
from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile, differences
from understudy.evaluation.diagnostics.findings import Finding, Severity, finding
from understudy.evaluation.diagnostics.segments import ExaminedRecording, minutes_of
from understudy.recordings.episode import PAUSE_S
from understudy.worlds.catalog import load_profile

OTHER_RATE, OTHER_RATE_SHARE = 1.2, 0.8
"""The rate differs if this share of the tick intervals is longer or shorter than a policy's tick by this factor."""
COST_OF_MISSING = (
    "An hour with half of its ticks missed at random taught the teacher's play as well as a whole hour did (100 % of "
    "the score, 90 to 112 %); every gap above half a second costs the play around it."
)
"""Result of `benchmarks/missing_ticks.py`."""
CLOCK_SET_BACK_S = 1.0
"""Clock synchronisation moves clocks by tenths of a second; more is a person or a changed time zone."""
LEAST_MINUTES, GOOD_MINUTES = 3.0, 29.0
"""Training refuses less than the first; the guide requires 30 minutes (a little is lost at breaks)."""
CHAIN = 4
"""This many clicks in a row at the same places with the same timing are a copy: it does not happen by chance."""
PLACE_STEPS = 2000
"""Click positions are compared in steps of 1 / PLACE_STEPS of the window."""


def check_unreadable(problems: Sequence[tuple[Path, str]]) -> Finding:
    """Reports files that cannot be read at all."""
    figure = "; ".join(f"{path.name}: {problem}" for path, problem in problems)
    there = (bool(problems), Severity.SERIOUS, f"Some files cannot be read: {figure}", "Move them out of the folder.")
    return finding("unreadable", "All files can be read", f"{len(problems)} unreadable", there)


def check_being_recorded(paths: Sequence[Path]) -> Finding:
    """Reports files that a running process still writes to."""
    there = (
        bool(paths),
        Severity.NOTE,
        f"Some files are being recorded right now and were left out: {_listed([path.name for path in paths])}",
        "Nothing; look again when the recording has ended.",
    )
    return finding("being_recorded", "No file is still being recorded", f"{len(paths)} being recorded", there)


def check_perceived(paths: Sequence[Path]) -> Finding:
    """Reports recordings with pictures and input only, not perceived yet."""
    there = (
        bool(paths),
        Severity.SERIOUS,
        f"Some recordings hold no observations yet, and nothing can be learnt from them: "
        f"{_listed([path.name for path in paths])}",
        "They were made with --perceive later: run `understudy recordings reperceive` on them.",
    )
    return finding("perceived", "All recordings are perceived", f"{len(paths)} not perceived", there)


def check_torn(examined: list[ExaminedRecording]) -> Finding:
    """Reports files that were cut off or damaged."""
    names = [one_examined.path.name for one_examined in examined if one_examined.episode.losses]
    problem = (
        bool(names),
        Severity.WARNING,
        f"Some files are torn: {_listed(names)}",
        "Run `understudy recordings repair`: what is there is kept, what is missing stays missing.",
    )
    return finding("torn", "All files are whole", f"{len(names)} of {len(examined)}", problem)


def check_doubled_ticks(examined: list[ExaminedRecording]) -> Finding:
    """Reports ticks whose time stamp repeats, runs backwards or comes far too early."""
    doubled = sum(int((_steps(one_examined) < 0.25).sum()) for one_examined in examined)
    total = sum(len(one_examined.episode) for one_examined in examined)
    share = doubled / max(total, 1)
    problem = (
        share > 0.001,
        Severity.WARNING,
        "Ticks are doubled: their times repeat, run backwards or lie too close together",
        "Every one breaks the play in two. Look for two recorders at once or a clock that was set; record again.",
    )
    return finding("doubled_ticks", "No tick is doubled", f"{doubled} of {total} ticks", problem)


def check_dropped_ticks(examined: list[ExaminedRecording]) -> Finding:
    """Reports missing ticks, and how much can still be learnt; pauses of the recording do not count."""
    missing, total, longest_s = 0, 0, 0.0
    for one_examined in examined:
        steps, rate = _steps(one_examined), one_examined.episode.info.tick_rate_hz
        drops = steps[(steps > 1.5) & (steps <= PAUSE_S * rate)]
        missing += int(np.round(drops - 1.0).sum())
        total += len(one_examined.episode)
        longest_s = max(longest_s, float(drops.max(initial=0.0)) / rate)
    played = sum(one_examined.episode.duration_s for one_examined in examined) / 60.0
    filled = sum(stretch.num_filled for one_examined in examined for stretch in one_examined.stretches)
    problem = (
        missing > 0.005 * total,
        Severity.WARNING,
        f"Ticks are missing, up to {longest_s:.2f} s in a row: with {filled} ticks filled in, which are looked back on "
        f"but not learnt from, {minutes_of(examined):.1f} of {played:.1f} minutes can be used",
        f"{COST_OF_MISSING} Close other programs, choose a faster disk, then record again or longer.",
    )
    return finding("dropped_ticks", "No ticks are missing", f"{missing / max(total + missing, 1):.1%} missing", problem)


def check_tick_rate(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether ticks come at the policies' rate."""
    rates = {}
    for one_examined in examined:
        steps = one_examined.episode.steps_s * TICK_RATE_HZ
        faster, slower = (steps < 1 / OTHER_RATE).sum(), (steps > OTHER_RATE).sum()
        if len(steps) and max(faster, slower) > OTHER_RATE_SHARE * len(steps):
            rates[one_examined.path.name] = one_examined.episode.rate_hz
    fastest, slowest = max(rates.values(), default=0.0), min(rates.values(), default=0.0)
    names = _listed(list(rates))
    return finding(
        "tick_rate",
        f"{TICK_RATE_HZ} ticks a second",
        f"{slowest:.1f} to {fastest:.1f} Hz" if rates else f"{len(examined)} of {len(examined)}",
        (
            fastest > TICK_RATE_HZ,
            Severity.SERIOUS,
            f"Some recordings have more than {TICK_RATE_HZ} ticks a second: {names}",
            f"Leave them out, or keep only {TICK_RATE_HZ} a second: everything in them looks slower than it was.",
        ),
        (
            bool(rates),
            Severity.WARNING,
            f"Some recordings have fewer than {TICK_RATE_HZ} ticks a second: {names}",
            "Record with a machine that keeps up: the ticks in between are filled in and not learnt from.",
        ),
    )


def check_clock(examined: list[ExaminedRecording]) -> Finding:
    """Checks whether the clock was set back during the recording, and whether times are finite."""
    times = [one_examined.episode.observations["time_s"] for one_examined in examined]
    unknown = sum(int((~np.isfinite(time_s)).sum()) for time_s in times)
    steps_s = [np.diff(time_s[np.isfinite(time_s)]) for time_s in times]
    back_s = max((-float(steps.min(initial=0.0)) for steps in steps_s), default=0.0)
    problem = (
        unknown > 0 or back_s > CLOCK_SET_BACK_S,
        Severity.WARNING,
        "The clock was set back while it was recorded, or broke: times run backwards or are no numbers",
        "Each place breaks the play in two; the rest can be learnt from. Do not set the clock while you record.",
    )
    return finding("clock", "The clock ran on", f"back by {back_s:.1f} s, {unknown} times unknown", problem)


def check_windows(examined: list[ExaminedRecording]) -> Finding:
    """Checks window sizes and panel positions, in the recordings and in the game to be played."""
    infos = [one_examined.episode.info for one_examined in examined]
    sizes = Counter(f"{info.window_width} x {info.window_height}" for info in infos)
    layouts = {info.profile for info in infos}
    usual = _usual(infos[0].profile)
    apart = sorted({name for layout in layouts for name in differences(infos[0].profile, layout)})
    other = usual is not None and (usual not in layouts or f"{usual.window_width} x {usual.window_height}" not in sizes)
    return finding(
        "windows",
        "One window size, that of the game's profile",
        ", ".join(sizes),
        (
            len(layouts) > 1,
            Severity.SERIOUS,
            "The recordings were made with different profiles of the game",
            f"They differ in {', '.join(apart)}, so their play means different things: sort them into folders.",
        ),
        (
            len(sizes) > 1,
            Severity.WARNING,
            "The recordings come from windows of different size",
            "Distances mean different things in each. Train from one size only: sort them into folders.",
        ),
        (
            other,
            Severity.WARNING,
            "The recordings come from another window than the game's profile describes",
            "Play in that same window, or record in the usual one: distances and panels lie elsewhere in it.",
        ),
    )


def check_leakage(examined: list[ExaminedRecording]) -> Finding:
    """Reports stretches of play that occur in two recordings: held-out sessions would leak into training."""
    owners: dict[tuple[int, ...], set[int]] = defaultdict(set)
    for number, one_examined in enumerate(examined):
        for chain in _click_chains(one_examined):
            owners[chain].add(number)
    shared = [numbers for numbers in owners.values() if len(numbers) > 1]
    pairs = {tuple(sorted(numbers)[:2]) for numbers in shared}
    worlds = Counter(
        (one_examined.episode.info.seed, one_examined.episode.info.start_map)
        for one_examined in examined
        if one_examined.episode.info.seed is not None
    )
    repeated = sum(count - 1 for count in worlds.values())
    names = _listed([" and ".join(examined[number].path.name for number in pair) for pair in sorted(pairs)])
    return finding(
        "leakage",
        "No two recordings share a stretch of play or a world",
        f"{len(pairs)} pairs alike, {repeated} worlds repeated",
        (
            bool(pairs),
            Severity.SERIOUS,
            f"The same play is in two recordings: {names}",
            "Delete one of each pair: what is held out to judge by was otherwise learnt from.",
        ),
        (
            repeated > 0,
            Severity.WARNING,
            "Several recordings were played in the same world (seed and map)",
            "Use another --seed for each: held-out figures look better than they are.",
        ),
    )


def check_actors(examined: list[ExaminedRecording]) -> Finding:
    """Checks who acted: training uses only a person's or the teacher's play."""
    counts = Counter({actor: sum(int((p.episode.actors == actor).sum()) for p in examined) for actor in Actor})
    total = max(sum(counts.values()), 1)
    untaught = (counts[Actor.NOBODY] + counts[Actor.POLICY]) / total
    figure = ", ".join(f"{actor.name.lower()} {count / total:.0%}" for actor, count in counts.items() if count)
    return finding(
        "actors",
        "All play is a person's or the teacher's",
        figure or "nobody",
        (
            untaught > 0.01,
            Severity.WARNING if untaught > 0.2 else Severity.NOTE,
            f"{untaught:.0%} of the ticks are not a person's or the teacher's, and are not learnt from",
            "Nothing, if you let the understudy play in between; else record with you at the keyboard.",
        ),
    )


def check_length(examined: list[ExaminedRecording]) -> Finding:
    """Checks the minutes of play that training would use."""
    minutes = minutes_of(examined)
    return finding(
        "length",
        "Long enough to learn from",
        f"{minutes:.1f} minutes",
        (minutes < LEAST_MINUTES, Severity.SERIOUS, "Too short: training needs 3 minutes", "Record at least 30."),
        (minutes < GOOD_MINUTES, Severity.WARNING, "Short", "Record at least 30 minutes, better an hour."),
    )


def _steps(one_examined: ExaminedRecording) -> np.ndarray:
    """Returns the intervals between ticks, in ticks."""
    info = one_examined.episode.info
    with np.errstate(invalid="ignore", over="ignore"):  # a damaged file may hold any number
        return np.asarray(np.diff(one_examined.episode.observations["time_s"]) * info.tick_rate_hz)


def _usual(profile: Profile) -> Profile | None:
    try:
        return load_profile(profile.name)
    except WorldError:  # this version has no profile of that name
        return None


def _click_chains(one_examined: ExaminedRecording) -> set[tuple[int, ...]]:
    """Returns the runs of CHAIN clicks: positions, and ticks between them."""
    chains = set()
    for stretch in one_examined.stretches:
        at = stretch.actions[stretch.clicks]
        x, y = (np.floor(at[axis] * PLACE_STEPS).astype(int).tolist() for axis in ("cursor_x", "cursor_y"))
        ticks = stretch.clicks.tolist()
        for first in range(len(ticks) - CHAIN + 1):
            rows = range(first, first + CHAIN)
            chains.add(tuple(value for row in rows for value in (x[row], y[row], ticks[row] - ticks[first])))
    return chains


def _listed(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
