"""Context features of the gauges, switches and choices that have no common place, in the order of a FeatureLayout."""

import numba
import numpy as np

from understudy.policies.click_semantics import gauge_of, known_kind, slot_of, switch_of
from understudy.policies.context_features import NUM_CHOICES, NUM_LEVELS, encode_thresholds
from understudy.policies.declared.feature_layout import GAUGE_COLUMNS


@numba.njit(cache=True)
def encode_declared(observation, carry, geometry, out):  # type: ignore[no-untyped-def]
    """Writes the features of one tick to `out`, the context after its common columns, which starts at zero; `carry`
    has been updated with the tick."""
    player, at = observation.player, 0
    for number in range(geometry.num_more_gauges):
        reading = gauge_of(player, geometry.more_gauges[number])
        if reading == reading:
            out[at], out[at + 1] = reading, 1.0
            out[at + 2] = 5.0 * (reading - carry.more_fast[number])
            out[at + 3] = 3.0 * (reading - carry.more_slow[number])
            encode_thresholds(reading, 0.1, 0.1, out, at + 4)
        at += GAUGE_COLUMNS
    for number in range(geometry.num_more_switches):
        out[at] = switch_of(player, geometry.more_switches[number]) != 0
        at += 1
    strength, slot = np.float32(np.nan), slot_of(observation, carry.selected_id)
    if slot >= 0:
        strength = geometry.strength[known_kind(observation.tracks[slot].kind)]
    first, num_choices = player.selectors[0] - NUM_CHOICES, geometry.more_choices + geometry.second_choices
    if 0 <= first < geometry.more_choices:
        _encode_choice(first, num_choices, strength, out, at)
    if 0 <= player.selectors[1] < geometry.second_choices:
        _encode_choice(geometry.more_choices + player.selectors[1], num_choices, strength, out, at)


@numba.njit(cache=True)
def _encode_choice(choice, num_choices, strength, out, at):  # type: ignore[no-untyped-def]
    """Writes an active choice, and how strong the target is (NaN without one): as for the choices of all games."""
    out[at + choice] = 1.0
    if strength == strength:
        encode_thresholds(strength, 0.05, 0.1, out, at + num_choices + choice * NUM_LEVELS)
