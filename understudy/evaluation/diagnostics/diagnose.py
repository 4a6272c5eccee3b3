"""Runs all checks of `understudy doctor` on recordings: known faults that harm training."""

from collections.abc import Callable
from pathlib import Path

from understudy.contract.errors import UnderstudyError
from understudy.contract.terminal_text import brief
from understudy.evaluation.diagnostics import file_checks, hand_checks, play_checks, timing_checks
from understudy.evaluation.diagnostics.findings import Diagnostics, Finding
from understudy.evaluation.diagnostics.segments import ExaminedRecording, examine, minutes_of
from understudy.recordings.store import find_recordings, is_being_written, read_episode

LOOKS: tuple[Callable[[list[ExaminedRecording]], Finding], ...] = (
    play_checks.check_seen,
    file_checks.check_torn,
    file_checks.check_length,
    file_checks.check_actors,
    file_checks.check_windows,
    file_checks.check_leakage,
    file_checks.check_doubled_ticks,
    file_checks.check_dropped_ticks,
    file_checks.check_tick_rate,
    file_checks.check_clock,
    hand_checks.check_clicks,
    hand_checks.check_event_spacing,
    hand_checks.check_presses,
    hand_checks.check_overlaps,
    hand_checks.check_travel,
    play_checks.check_bars,
    play_checks.check_idle,
    play_checks.check_menus_and_chat,
    play_checks.check_mis_clicks,
    play_checks.check_panel_clicks,
    play_checks.check_modes,
    play_checks.check_keys,
    timing_checks.check_reaction_delay,
    timing_checks.check_uneven_reactions,
    timing_checks.check_attention,
    timing_checks.check_styles,
)
"""Every check; each covers all recordings together, as training does."""


def diagnose(place: Path | None, progress: Callable[[int, int], None] | None = None) -> Diagnostics:
    """Checks all recordings of a folder or file.

    Args:
        place: a folder or file; None for the default folders.
        progress: called with the number of recordings examined and the total.

    Raises:
        NoRecordingsError: if there are none.
    """
    paths = find_recordings(place)
    unfinished = [path for path in paths if is_being_written(path)]
    paths = [path for path in paths if path not in unfinished]
    examined: list[ExaminedRecording] = []
    problems: list[tuple[Path, str]] = []
    unperceived: list[Path] = []
    for number, path in enumerate(paths, 1):
        try:
            episode = read_episode(path)
            if episode.info.perceived:
                examined.append(examine(path, episode))
            else:
                unperceived.append(path)
        except UnderstudyError as problem:
            problems.append((path, str(problem)))
        except Exception as problem:  # unexpected numbers; one such file must not hide the others
            problems.append((path, f"it holds what cannot be examined ({brief(problem)})"))
        if progress is not None:
            progress(number, len(paths))
    signs = [
        file_checks.check_unreadable(problems),
        file_checks.check_being_recorded(unfinished),
        file_checks.check_perceived(unperceived),
        *diagnose_episode(examined),
    ]
    signs.sort(key=lambda sign: -sign.severity)  # stable: equal severities keep their order
    return Diagnostics(num_recordings=len(paths), minutes=minutes_of(examined), signs=tuple(signs))


def diagnose_episode(examined: list[ExaminedRecording]) -> list[Finding]:
    """Runs every check on the examined recordings; returns nothing without a recording."""
    return [look(examined) for look in LOOKS] if examined else []
