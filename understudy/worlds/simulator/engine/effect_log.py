"""Ring buffer of visual effects, read by the renderer."""

from understudy.worlds.simulator.engine.njit import njit_part
from understudy.worlds.simulator.engine.state import NUM_EFFECTS, Record


@njit_part
def log_effect(
    w: Record, effect: int, kind: int, from_x: float, from_y: float, x: float, y: float, amount: float
) -> None:
    """Appends one effect to the ring buffer, overwriting the oldest."""
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
