"""The protocol of what takes our own keys away from the game: in a browser F5 would reload it and F6 leave it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

BROWSERS = ("chromium", "chrome", "firefox", "brave", "edge", "opera", "vivaldi", "safari", "epiphany", "librewolf")
"""Parts of the names of programs that are browsers."""


@runtime_checkable
class KeyGrabs(Protocol):
    """Takes keys from a window; whoever listens to the raw events still hears them. Belongs to the control thread."""

    def take(self, names: Sequence[str], window: int | None) -> tuple[str, ...]:
        """Takes keys from a window, and gives back those taken before; returns the names that could not be taken.

        Args:
            names: of keys.
            window: which window no longer gets them; None for all windows.
        """
        ...

    def close(self) -> None:
        """Gives all keys back. May be called twice."""
        ...


class NoKeyGrabs:
    """Where keys cannot be taken away: the game gets them too."""

    def take(self, names: Sequence[str], window: int | None) -> tuple[str, ...]:
        """All of them could not be taken."""
        return tuple(names)

    def close(self) -> None:
        """Nothing to give back."""


def is_browser(program: str) -> bool:
    """Whether a program of this name is a web browser."""
    return any(browser in program.lower() for browser in BROWSERS)
