"""The doctor: looks at recordings for everything that is known to spoil what is learnt from them."""

from collections.abc import Callable
from pathlib import Path

from understudy.contract.errors import RecordingError
from understudy.evaluation.diagnostics import file_checks, play_checks, timing_checks
from understudy.evaluation.diagnostics.findings import Diagnosis, Sign
from understudy.evaluation.diagnostics.segments import Examined, examine, minutes_of
from understudy.recordings.store import find_recordings, read_episode

LOOKS: tuple[Callable[[list[Examined]], Sign], ...] = (
    file_checks.torn,
    file_checks.length,
    file_checks.actors,
    file_checks.windows,
    file_checks.leakage,
    file_checks.doubled_ticks,
    file_checks.dropped_ticks,
    play_checks.idle,
    play_checks.menus_and_chat,
    play_checks.mis_clicks,
    play_checks.panel_clicks,
    play_checks.modes,
    play_checks.keys,
    timing_checks.reaction_delay,
    timing_checks.uneven_reactions,
    timing_checks.attention,
    timing_checks.styles,
)
"""Everything that is looked at; all of them look at all recordings together, as training does."""


def diagnose(place: Path | None, progress: Callable[[int, int], None] | None = None) -> Diagnosis:
    """Examines all recordings of a folder or file.

    Args:
        place: a folder or file; None for the default folders.
        progress: told how many recordings of how many are examined.

    Raises:
        NoRecordingsError: if there are none.
    """
    paths = find_recordings(place)
    patients: list[Examined] = []
    problems: list[tuple[Path, str]] = []
    for number, path in enumerate(paths, 1):
        try:
            patients.append(examine(path, read_episode(path)))
        except RecordingError as problem:
            problems.append((path, str(problem)))
        if progress is not None:
            progress(number, len(paths))
    signs = [file_checks.unreadable(problems), *look_at(patients)]
    signs.sort(key=lambda sign: -sign.severity)  # stable: alike ones stay in their order
    return Diagnosis(num_recordings=len(paths), minutes=minutes_of(patients), signs=tuple(signs))


def look_at(patients: list[Examined]) -> list[Sign]:
    """Every look at the examined recordings; none without a recording."""
    return [look(patients) for look in LOOKS] if patients else []
