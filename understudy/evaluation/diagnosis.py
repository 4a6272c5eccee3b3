"""The doctor: looks at recordings for everything that is known to spoil what is learnt from them."""

from collections.abc import Callable
from pathlib import Path

from understudy.contract.errors import RecordingError
from understudy.evaluation import signs_of_files, signs_of_play, signs_of_tempo
from understudy.evaluation.examination import Examined, examine, minutes_of
from understudy.evaluation.signs import Diagnosis, Sign
from understudy.recordings.store import find_recordings, read_episode

LOOKS: tuple[Callable[[list[Examined]], Sign], ...] = (
    signs_of_files.torn,
    signs_of_files.length,
    signs_of_files.actors,
    signs_of_files.windows,
    signs_of_files.leakage,
    signs_of_files.doubled_ticks,
    signs_of_files.dropped_ticks,
    signs_of_play.idle,
    signs_of_play.menus_and_chat,
    signs_of_play.mis_clicks,
    signs_of_play.panel_clicks,
    signs_of_play.modes,
    signs_of_play.keys,
    signs_of_tempo.reaction_delay,
    signs_of_tempo.uneven_reactions,
    signs_of_tempo.attention,
    signs_of_tempo.styles,
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
    signs = [signs_of_files.unreadable(problems), *look_at(patients)]
    signs.sort(key=lambda sign: -sign.severity)  # stable: alike ones stay in their order
    return Diagnosis(num_recordings=len(paths), minutes=minutes_of(patients), signs=tuple(signs))


def look_at(patients: list[Examined]) -> list[Sign]:
    """Every look at the examined recordings; none without a recording."""
    return [look(patients) for look in LOOKS] if patients else []
