"""Places of the embedded game's readings in an observation; its profile declares them in this order."""

from understudy.contract.errors import WorldError
from understudy.contract.profile import Profile

HP, SHIELD, ROCKET, AMMO = 0, 1, 2, 3
"""Places of the gauges; four kinds of ammunition follow from AMMO."""
NUM_AMMO = 4
LASER = 0
"""Place of the switch."""
LOADED = 0
"""Place of the selector of the ammunition that is loaded."""
GAUGES = ("hp", "shield", "rocket", "ammo_1", "ammo_2", "ammo_3", "ammo_4")
SWITCHES, SELECTORS, TRACK_GAUGES = ("laser",), ("ammo",), ("hp", "shield")


def require_readings(profile: Profile) -> None:
    """Refuses a profile that does not declare the embedded game's readings.

    Raises:
        WorldError: naming what is missing.
    """
    for what, wanted, declared in (
        ("gauges", GAUGES, profile.gauges),
        ("switches", SWITCHES, profile.switches),
        ("selectors", SELECTORS, profile.selectors),
        ("track_gauges", TRACK_GAUGES, profile.track_gauges),
    ):
        names = tuple(reading.name for reading in declared)
        if names != wanted:
            raise WorldError(
                f"The embedded game has the {what} {', '.join(wanted)}, and the profile {profile.name!r} declares "
                f"{', '.join(names) or 'none'}: declare them so."
            )
