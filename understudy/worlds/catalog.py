"""Finds and loads game profiles by name or path."""

from functools import cache
from pathlib import Path

from understudy.contract.errors import WorldError
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml

PROFILES = Path(__file__).parent / "profiles"


def profile_names() -> tuple[str, ...]:
    """Returns the names of the packaged profiles."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.toml")))


def load_profile(name: str = "darkorbit") -> Profile:
    """Loads one game profile. A file is read at every call, because a command may change it while it runs.

    Args:
        name: of a packaged profile, or the path of a .toml file (`understudy profile new` writes them).

    Raises:
        WorldError: if there is no profile of that name.
        WireError: if the file is not a valid profile.
    """
    if name in profile_names():
        return _packaged(name)
    if name.endswith(".toml") and Path(name).is_file():
        return read_toml(Profile, Path(name))
    raise WorldError(
        f"There is no game profile {name!r}; known are {', '.join(profile_names())}, or give the path of a .toml file."
    )


@cache
def _packaged(name: str) -> Profile:
    return read_toml(Profile, PROFILES / f"{name}.toml")
