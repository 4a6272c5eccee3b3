"""Does it still play like the person after practice: both in the same worlds, their habits side by side."""

from dataclasses import dataclass

from understudy.contract.protocols import Pilot
from understudy.evaluation.arena import play_all
from understudy.evaluation.behaviour import Behaviour, behaviour_of, click_distance, style_distances
from understudy.evaluation.seeds import Purpose, seeds_for

ROWS = (
    ("coverage", "cells of the map entered a minute"),
    ("fight_range", "fight range, window widths"),
    ("retreat_hp", "hull when it flees"),
    ("time_to_act", "seconds from being shot at to a click or key"),
    ("clicks_per_minute", "clicks a minute"),
    ("key_presses_per_minute", "key presses a minute"),
    ("box_share", "boxes among boxes and kills"),
    ("safe_share", "share of time in a base"),
)
"""Fields of Behaviour that are shown, and what people call them."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Two pilots side by side."""

    person: Behaviour
    practised: Behaviour
    clicks_apart: float
    """Share of the clicks that would have to change their aim to turn one mix into the other."""
    style_distance: float
    """`behaviour.style_distances`: about 1.4 between two batches of one pilot."""
    person_score: float
    practised_score: float
    """Points a minute in these worlds; too few to judge by."""


def measure_likeness(person: Pilot, practised: Pilot, num_worlds: int = 64, seconds: float = 120.0) -> Likeness:
    """Plays both in the same worlds for choosing; about 20 s of one core with the defaults."""
    played = play_all({"person": person, "practised": practised}, seeds_for(Purpose.CHOOSE, num_worlds), seconds)
    habits = [played[name].habits for name in ("person", "practised")]
    first, second = (behaviour_of(one) for one in habits)
    return Likeness(
        person=first,
        practised=second,
        clicks_apart=click_distance(first, second),
        style_distance=float(style_distances(habits)[0, 1]),
        person_score=float(played["person"].scores.mean()),
        practised_score=float(played["practised"].scores.mean()),
    )
