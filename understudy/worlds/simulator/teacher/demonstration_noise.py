"""What makes a person's recording harder to learn from than the teacher's, as data: one dataclass a hardship.

Each can be switched on alone, by its name in HARDSHIPS, and each has a strength that can be set. What they do to the
play stands in ``person_like``; the one that concerns the window and not the player is carried out here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from understudy.contract.errors import FlagError
from understudy.contract.profile import Profile, Rectangle


@dataclass(frozen=True, kw_only=True)
class UnevenReactions:
    """Reaction times that scatter widely, and that grow and shrink slowly over the session."""

    spread: float = 0.7
    """Standard deviation of the logarithm of a factor on every reaction time, redrawn each second."""
    drift: float = 0.6
    """Most that the logarithm of the reaction time drifts up and down."""
    drift_minutes: float = 12.0
    """One slow swing up and down takes so long."""


@dataclass(frozen=True, kw_only=True)
class DriftingAttention:
    """Spells of slow and sloppy play."""

    every_minutes: float = 4.0
    """One spell in each such period."""
    minutes: float = 1.5
    """Length of a spell."""
    slower: float = 3.0
    """Factor on reaction times and pauses during a spell."""
    sloppier: float = 2.0
    """Factor on the scatter of clicks during a spell."""


@dataclass(frozen=True, kw_only=True)
class IdleMinutes:
    """The player leaves the keyboard; mouse and keys rest while the game goes on."""

    every_minutes: float = 6.0
    """One absence in each such period."""
    minutes: float = 1.0
    """Length of an absence."""


@dataclass(frozen=True, kw_only=True)
class MenusAndChat:
    """The player writes messages and clicks on panels, and does nothing of the game.

    The embedded game has no chat that would swallow the letters, so those that are keys of the game act on it.
    """

    every_minutes: float = 6.0
    """One such distraction in each period."""
    minutes: float = 1.0
    """Length of a distraction."""
    letters_per_s: float = 4.0
    """How fast the player types."""
    game_key_share: float = 0.3
    """Share of the letters that are keys of the game, above all the space bar; only those are recorded."""
    click_every_s: float = 5.0
    """Time between two clicks on panels."""


@dataclass(frozen=True, kw_only=True)
class MisClicks:
    """Clicks that miss what they were meant for."""

    chance: float = 0.15
    """Added to the style's own chance that a click misses altogether."""


@dataclass(frozen=True, kw_only=True)
class TwoStyles:
    """Another style takes over every few minutes, as when two people share the keyboard."""

    every_minutes: float = 4.0
    """A style plays for so long, then the other does."""
    other: str | None = None
    """Name of the second style; None for one that differs most from the first."""


@dataclass(frozen=True, kw_only=True)
class OtherWindow:
    """A window of another size and aspect; panels and minimap keep their pixels and their corner."""

    width: int = 1024
    """Pixels."""
    height: int = 768
    """Pixels."""


@dataclass(frozen=True, kw_only=True)
class DemonstrationNoise:
    """Which hardships a recording has; None for those that it has not."""

    uneven_reactions: UnevenReactions | None = None
    drifting_attention: DriftingAttention | None = None
    idle_minutes: IdleMinutes | None = None
    menus_and_chat: MenusAndChat | None = None
    mis_clicks: MisClicks | None = None
    two_styles: TwoStyles | None = None
    other_window: OtherWindow | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are switched on."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)


ALL_HARDSHIPS = DemonstrationNoise(
    uneven_reactions=UnevenReactions(),
    drifting_attention=DriftingAttention(),
    idle_minutes=IdleMinutes(),
    menus_and_chat=MenusAndChat(),
    mis_clicks=MisClicks(),
    two_styles=TwoStyles(),
    other_window=OtherWindow(),
)
"""Each at its usual strength."""
HARDSHIPS: tuple[str, ...] = ALL_HARDSHIPS.names


def hardships_named(names: Sequence[str]) -> DemonstrationNoise:
    """The named ones at their usual strengths.

    Raises:
        FlagError: if there is no such hardship; names those that there are.
    """
    for name in names:
        if name not in HARDSHIPS:
            raise FlagError(f"There is no hardship named {name!r}; choose from {', '.join(HARDSHIPS)}.")
    return replace(ALL_HARDSHIPS, **{name: None for name in HARDSHIPS if name not in names})


def resized(profile: Profile, window: OtherWindow | None) -> Profile:
    """The game in a window of another size: what is drawn over it keeps its pixels and the edge that it hangs on."""
    if window is None:
        return profile
    old, new = (profile.window_width, profile.window_height), (window.width, window.height)

    def moved(box: Rectangle) -> Rectangle:
        left, width = _moved(box.left, box.width, old[0], new[0])
        top, height = _moved(box.top, box.height, old[1], new[1])
        return Rectangle(left=left, top=top, width=width, height=height)

    return replace(
        profile,
        window_width=window.width,
        window_height=window.height,
        minimap=moved(profile.minimap),
        panels=tuple(moved(panel) for panel in profile.panels),
    )


def _moved(start: float, size: float, old: int, new: int) -> tuple[float, float]:
    """A stretch of one axis in fractions of the old window -> in fractions of the new one."""
    length = size * old / new
    to_end = 1.0 - start - size
    if abs(start - to_end) < 0.2:  # in the middle, as the bar of ammunition
        return 0.5 - 0.5 * length, length
    return (start * old / new, length) if start < to_end else (1.0 - to_end * old / new - length, length)
