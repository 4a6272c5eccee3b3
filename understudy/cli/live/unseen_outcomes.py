"""What the console says of a game on the screen whose profile names neither bars nor a log: outcomes are unknown."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.contract.profile import Profile

UNSEEN = "outcomes cannot be seen"


def unseen_outcomes_notice(profile: "Profile", *turned_off: str) -> str | None:
    """Returns the one sentence at the start; None where outcomes can be seen.

    Args:
        profile: of the game on the screen.
        turned_off: what would need outcomes and is off for lack of them, in words.
    """
    if profile.shows_outcomes:
        return None
    listed = " and ".join(turned_off)
    plural = len(turned_off) > 1 or listed.endswith("s")
    off = f": {listed} {'are' if plural else 'is'} off" if turned_off else ""
    return f"In this game {UNSEEN}, because its profile names no bars, no log and no score{off}."


def outcomes_in_words(profile: "Profile", totals: dict[str, float], minutes: float) -> str:
    """Returns a sentence with points, kills, boxes and deaths; or that they cannot be seen, in place of zeros."""
    if not profile.shows_outcomes:
        return f"{UNSEEN.capitalize()} in this game; it ran for {minutes:.1f} minutes."
    return (
        f"{totals['value']:g} points, {totals['kills']:.0f} kills, {totals['loot']:.0f} boxes, "
        f"{totals['deaths']:.0f} deaths in {minutes:.1f} minutes."
    )
