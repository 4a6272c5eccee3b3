"""The protocol of key grabs, which keep our command keys from the game (in a browser F5 would reload it, F6 leave)."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

BROWSERS = ("chromium", "chrome", "firefox", "brave", "edge", "opera", "vivaldi", "safari", "epiphany", "librewolf")
"""Parts of the names of programs that are browsers."""


@runtime_checkable
class KeyGrabs(Protocol):
    """Grabs keys from a window; listeners of raw events still receive them. Belongs to the control thread."""

    def take(self, names: Sequence[str], window: int | None) -> tuple[str, ...]:
        """Grabs keys from a window, after releasing earlier grabs; returns the names that could not be grabbed.

        Args:
            names: of keys.
            window: the window that no longer receives them; None for all windows.
        """
        ...

    def close(self) -> None:
        """Releases all grabs. May be called twice."""
        ...


class NoKeyGrabs:
    """KeyGrabs of a platform without key grabs: the game receives the keys, too."""

    def take(self, names: Sequence[str], window: int | None) -> tuple[str, ...]:
        """Returns all names, as none can be grabbed."""
        return tuple(names)

    def close(self) -> None:
        """Nothing to release."""


def is_browser(program: str) -> bool:
    """Whether a program of this name is a web browser."""
    return any(browser in program.lower() for browser in BROWSERS)
