"""The games that understudy knows, by name."""

from functools import cache
from pathlib import Path

from understudy.contract.errors import WorldError
from understudy.contract.profile import Profile
from understudy.contract.wire import read_toml

PROFILES = Path(__file__).parent / "profiles"


def profile_names() -> tuple[str, ...]:
    """Names of the profiles that come with understudy."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.toml")))


@cache
def load_profile(name: str = "darkorbit") -> Profile:
    """One game as data.

    Raises:
        WorldError: if there is no profile of that name.
    """
    if name not in profile_names():
        raise WorldError(f"There is no game profile {name!r}; known are {', '.join(profile_names())}")
    return read_toml(Profile, PROFILES / f"{name}.toml")
