"""What is suggested to a person who names the kinds of a discovery: facts in words, a role, points."""

from understudy.contract.observation import Role
from understudy.perception.discovery.discovered import Discovery, FoundKind

ROLES = tuple(role.name for role in Role if role is not Role.NONE)
"""Names of the roles that a kind can have."""
USUAL_VALUE = {Role.ENEMY: 1.0, Role.LOOT: 1.0}
"""Points for a kind where nobody says otherwise."""
TARGET_SHARE = 0.2
"""Share of all clicks from which a kind is what the game is about."""


def facts_of(kind: FoundKind, discovery: Discovery) -> list[str]:
    """Returns what is known of a kind, a few words each."""
    width, height = kind.width * discovery.frame_width, kind.height * discovery.frame_height
    facts = [f"seen {kind.num_sightings} times", f"{width:.0f} x {height:.0f} pixels"]
    if kind.num_clicks:
        facts.append(f"{kind.num_clicks} clicks, {kind.click_lift:.1f} times as many as by chance")
    return facts + ["moves"] * kind.moves + ["vanishes after a click"] * kind.vanishes_after_click


def role_for(kind: FoundKind) -> Role:
    """Returns the role that a person gave, or that its behaviour suggests.

    What gets a good part of all clicks is taken for loot where nothing else speaks for a role.
    """
    is_target = kind.role is None and kind.suggested_role is None and kind.clicked_share >= TARGET_SHARE
    return Role.LOOT if is_target else kind.chosen_role


def value_for(kind: FoundKind) -> float:
    """Returns the points that a person gave with a name, else the usual ones of its role."""
    return kind.value if kind.name else USUAL_VALUE.get(role_for(kind), 0.0)
