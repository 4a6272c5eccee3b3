"""What is remembered of a fight for those who watch: a small ring of effects."""

from numba import njit

from understudy.worlds.simulator.state import NUM_EFFECTS


@njit
def note(w, effect, kind, from_x, from_y, x, y, amount):
    """Writes one effect into the ring, over the oldest."""
    entry = w.effects[w.num_effects % NUM_EFFECTS]
    entry.tick = w.tick
    entry.effect = effect
    entry.kind = kind
    entry.from_x = from_x
    entry.from_y = from_y
    entry.x = x
    entry.y = y
    entry.amount = amount
    w.num_effects = w.num_effects + 1
