"""Feature layout: which columns of the context a profile adds to those that all games have.

The common columns (policies/context_features.py) hold two gauges of health, a cooldown, four stores, a switch and a
selector of four choices, filled by role. Whatever else a profile declares gets columns after them, so that a game with
no more than that has the common columns alone.
"""

from dataclasses import dataclass

from understudy.contract.observation import MAX_CHOICES, MAX_GAUGES, MAX_SWITCHES
from understudy.contract.profile import Profile
from understudy.contract.ranges import require_distinct, require_name, require_range
from understudy.policies.click_semantics import geometry_of
from understudy.policies.context_features import CONTEXT_WIDTH, NUM_LEVELS

GAUGE_COLUMNS = 4 + NUM_LEVELS
"""Columns of a gauge: reading, whether it is known, fast and slow change, and soft thresholds."""
CHOICE_COLUMNS = 1 + NUM_LEVELS
"""Columns of a choice: whether it is active, and while it is, soft thresholds of the target's strength."""


@dataclass(frozen=True, kw_only=True)
class FeatureLayout:
    """What a game has columns for beyond the common ones, in their order; saved in the config of each policy."""

    gauges: tuple[str, ...] = ()
    """Names of the gauges."""
    switches: tuple[str, ...] = ()
    """Names of the switches."""
    more_choices: int = 0
    """Choices of the first selector after the fourth."""
    second_choices: int = 0
    """Choices of the second selector, with one for unknown; 0 without a second selector."""

    def __post_init__(self) -> None:
        require_distinct("the names of gauges", self.gauges, MAX_GAUGES)
        require_distinct("the names of switches", self.switches, MAX_SWITCHES)
        for name in (*self.gauges, *self.switches):
            require_name("the name of a gauge or switch", name)
        require_range("more_choices", self.more_choices, 0, MAX_CHOICES)
        require_range("second_choices", self.second_choices, 0, MAX_CHOICES + 1)

    @property
    def num_choices(self) -> int:
        """Choices that have columns of their own, those of the first selector before those of the second."""
        return self.more_choices + self.second_choices

    @property
    def switches_at(self) -> int:
        """First column of the switches, one each."""
        return CONTEXT_WIDTH + GAUGE_COLUMNS * len(self.gauges)

    @property
    def choices_at(self) -> int:
        """First column of whether a choice is active, one each; after them come those of the target's strength."""
        return self.switches_at + len(self.switches)

    @property
    def width(self) -> int:
        """Number of context features."""
        return self.choices_at + CHOICE_COLUMNS * self.num_choices

    @property
    def in_words(self) -> str:
        """Names what it has columns for."""
        parts = [f"the gauge {name!r}" for name in self.gauges] + [f"the switch {name!r}" for name in self.switches]
        if self.more_choices:
            parts.append(f"{self.more_choices} more choices of the first selector")
        if self.second_choices:
            parts.append(f"{self.second_choices - 1} choices of a second selector")
        return ", ".join(parts) or "nothing more"


COMMON = FeatureLayout()
"""The layout of a game that fills the common columns at most, such as the embedded one; of all older checkpoints."""


def layout_of(profile: Profile) -> FeatureLayout:
    """Returns the layout of a profile's features.

    Raises:
        WorldError: if the game has more kinds, panels or keys than the policies have room for.
    """
    geometry = geometry_of(profile)
    gauges = geometry["more_gauges"][: geometry["num_more_gauges"]]
    switches = geometry["more_switches"][: geometry["num_more_switches"]]
    return FeatureLayout(
        gauges=tuple(profile.gauges[place].name for place in gauges),
        switches=tuple(profile.switches[place].name for place in switches),
        more_choices=int(geometry["more_choices"]),
        second_choices=int(geometry["second_choices"]),
    )
