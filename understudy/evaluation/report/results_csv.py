"""CSV export of the raw results: one line for each pilot, run and world."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from understudy.contract.safe_files import replace_bytes
from understudy.evaluation.comparison.compare import EntryRollouts
from understudy.evaluation.rollouts.episode_stats import EVENT_NAMES
from understudy.evaluation.rollouts.seeds import map_names

TRAVEL = ("maps_visited", "returns", "idle_ticks")
HEADER = ("pilot", "run", "seed", "start_map", "minutes", "score_per_minute", *EVENT_NAMES, *TRAVEL)


def write_ledger(played: Mapping[str, EntryRollouts], path: Path) -> None:
    """Writes one line for each pilot, run and world: seed, start map, minutes, score, totals of events and travel."""
    maps = map_names()
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(HEADER)
    for name, one in played.items():
        for run, outcomes in enumerate(one.runs):
            scores, totals = outcomes.scores, [outcomes.total(event) for event in EVENT_NAMES]
            totals += [outcomes.maps_visited, *(outcomes.habits.records[name] for name in TRAVEL[1:])]
            for world in range(len(outcomes)):
                place = maps[int(outcomes.start_maps[world])]
                sums = [f"{total[world]:.6g}" for total in totals]
                score = f"{scores[world]:.6g}"
                lines.writerow([name, run, int(outcomes.seeds[world]), place, outcomes.minutes, score, *sums])
    replace_bytes(path, text.getvalue().encode("utf-8"))
