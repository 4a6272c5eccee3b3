"""Parameters of human-like noise in demonstrations, one dataclass per hardship.

Each hardship can be enabled alone, by its name in HARDSHIPS, and has its own strength. ``noisy_teacher`` applies those
that change the play; the one that changes the window (`other_window`) is applied here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from understudy.contract.errors import FlagError
from understudy.contract.profile import Profile, Rectangle


@dataclass(frozen=True, kw_only=True)
class UnevenReactions:
    """Reaction times with a wide scatter and a slow drift over the session."""

    spread: float = 0.7
    """Standard deviation of the logarithm of a factor on every reaction time, redrawn each second."""
    drift: float = 0.6
    """Amplitude of the drift of the logarithm of the reaction time."""
    drift_minutes: float = 12.0
    """Period of the drift."""


@dataclass(frozen=True, kw_only=True)
class DriftingAttention:
    """Spells of slow and imprecise play."""

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
    """Absence from the keyboard: no input while the game goes on."""

    every_minutes: float = 6.0
    """One absence in each such period."""
    minutes: float = 1.0
    """Length of an absence."""


@dataclass(frozen=True, kw_only=True)
class MenusAndChat:
    """Typing messages and clicking on panels instead of playing.

    The embedded game has no chat that would consume the letters, so letters that are keys of the game take effect.
    """

    every_minutes: float = 6.0
    """One such distraction in each period."""
    minutes: float = 1.0
    """Length of a distraction."""
    letters_per_s: float = 4.0
    """Typing speed."""
    game_key_share: float = 0.3
    """Fraction of the letters that are keys of the game, mainly the space bar; only those are recorded."""
    click_every_s: float = 5.0
    """Time between two clicks on panels."""


@dataclass(frozen=True, kw_only=True)
class MisClicks:
    """Clicks that miss their target."""

    chance: float = 0.15
    """Added to the style's own probability of a complete miss (`slip_chance`)."""


@dataclass(frozen=True, kw_only=True)
class TwoStyles:
    """Two alternating styles, as when two people share the keyboard."""

    every_minutes: float = 4.0
    """Time until the other style takes over."""
    other: str | None = None
    """Name of the second style; None for the one that differs most from the first."""


@dataclass(frozen=True, kw_only=True)
class OtherWindow:
    """A window of another size and aspect; panels and minimap keep their size in pixels and their corner."""

    width: int = 1024
    """Pixels."""
    height: int = 768
    """Pixels."""


@dataclass(frozen=True, kw_only=True)
class CurvedPaths:
    """Ways that bow far to one side."""

    bow: float = 0.2
    """Standard deviation of the largest distance beside the straight way, in shares of its length; usually 0.06."""


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """Motions that fall short of their target, a rest, and a second, short motion to it (Woodworth 1899)."""

    chance: float = 0.6
    """Fraction of the motions that miss at first."""
    miss: float = 0.12
    """Size of the miss, in shares of the way."""
    longest_rest: int = 3
    """Ticks between arrival and correction, at most."""
    ticks: int = 4
    """Duration of a correction."""


@dataclass(frozen=True, kw_only=True)
class CoarseMouse:
    """A mouse whose events come seldom, as over a remote desktop; 8 and 16 ms are finer than a tick."""

    spacing_ms: float = 109.0
    """Time between two events of a motion."""


@dataclass(frozen=True, kw_only=True)
class Overlaps:
    """A button that goes up after the next motion has begun; on objects, where holding it has no effect on the game."""

    chance: float = 0.7
    """Fraction of the presses on objects."""
    ticks: int = 16
    """Longest time for which it is held longer; it goes up at the latest when the next motion has arrived."""


@dataclass(frozen=True, kw_only=True)
class Drags:
    """Presses on the way to a point in space that are held for the rest of it, which steers the ship."""

    chance: float = 0.6
    """Fraction of the gestures to a point in space."""
    press_at: float = 0.5
    """Share of the way after which the button goes down."""
    ticks: int = 9
    """For which it is held."""


@dataclass(frozen=True, kw_only=True)
class DemonstrationNoise:
    """The hardships of a recording; None disables one."""

    uneven_reactions: UnevenReactions | None = None
    drifting_attention: DriftingAttention | None = None
    idle_minutes: IdleMinutes | None = None
    menus_and_chat: MenusAndChat | None = None
    mis_clicks: MisClicks | None = None
    two_styles: TwoStyles | None = None
    other_window: OtherWindow | None = None
    curved_paths: CurvedPaths | None = None
    corrections: Corrections | None = None
    coarse_mouse: CoarseMouse | None = None
    overlaps: Overlaps | None = None
    drags: Drags | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the enabled hardships."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)


ALL_HARDSHIPS = DemonstrationNoise(
    uneven_reactions=UnevenReactions(),
    drifting_attention=DriftingAttention(),
    idle_minutes=IdleMinutes(),
    menus_and_chat=MenusAndChat(),
    mis_clicks=MisClicks(),
    two_styles=TwoStyles(),
    other_window=OtherWindow(),
    curved_paths=CurvedPaths(),
    corrections=Corrections(),
    coarse_mouse=CoarseMouse(),
    overlaps=Overlaps(),
    drags=Drags(),
)
"""All hardships at their default strengths."""
HARDSHIPS: tuple[str, ...] = ALL_HARDSHIPS.names
OF_THE_HAND = ("curved_paths", "corrections", "coarse_mouse", "overlaps", "drags")
"""Those that change only how the hand moves and presses (person_hand.py)."""


def hardships_named(names: Sequence[str]) -> DemonstrationNoise:
    """Returns the named hardships at their default strengths.

    Raises:
        FlagError: if there is no such hardship; the message lists them.
    """
    for name in names:
        if name not in HARDSHIPS:
            raise FlagError(f"There is no hardship named {name!r}; choose from {', '.join(HARDSHIPS)}.")
    return replace(ALL_HARDSHIPS, **{name: None for name in HARDSHIPS if name not in names})


def resized(profile: Profile, window: OtherWindow | None) -> Profile:
    """Returns the profile for another window size: panels keep their pixel size and the edge they are anchored to."""
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
    """Converts an interval of one axis from fractions of the old window to fractions of the new one."""
    length = size * old / new
    to_end = 1.0 - start - size
    if abs(start - to_end) < 0.2:  # centred, as the ammunition bar
        return 0.5 - 0.5 * length, length
    return (start * old / new, length) if start < to_end else (1.0 - to_end * old / new - length, length)
