"""Validation functions shared by the dataclasses of a profile; each raises ValueError, which the reader reports.

All are written so that NaN fails: every comparison with NaN is false.
"""

from collections.abc import Iterable

ROUNDING = 1e-6
"""Tolerance at the window's edge: fractions are written with five digits."""
MAX_NAME = 64
MAX_PIXELS = 16_384
"""Limit of a window's side, pixels."""


def require_range(what: str, value: float | int, low: float | int, high: float | int) -> None:
    """Raises ValueError unless low <= value <= high."""
    if not low <= value <= high:
        raise ValueError(f"{what} must lie between {low:g} and {high:g}, not {value:g}")


def require_inside_window(what: str, left: float, top: float, width: float, height: float) -> None:
    """Raises ValueError unless a rectangle (window fractions) has a positive size and lies in the window."""
    begins = left >= -ROUNDING and top >= -ROUNDING and width > 0 and height > 0
    if not (begins and left + width <= 1 + ROUNDING and top + height <= 1 + ROUNDING):
        raise ValueError(
            f"{what} must lie inside the window and have a width and a height above 0, in window fractions, not "
            f"left {left:g}, top {top:g}, width {width:g}, height {height:g}"
        )


def require_colours(what: str, colours: Iterable[tuple[int, int, int]]) -> None:
    """Raises ValueError unless all are RGB values from 0 to 255."""
    for colour in colours:
        if not all(0 <= channel <= 255 for channel in colour):
            raise ValueError(f"{what} must be red, green, blue from 0 to 255, not {colour}")


def require_name(what: str, name: str) -> None:
    """Raises ValueError unless a name has 1 to 64 printable characters."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise ValueError(f"{what} must have 1 to {MAX_NAME} printable characters, not {name[:MAX_NAME]!r}")


def require_file_name(what: str, name: str) -> None:
    """Raises ValueError unless a name is also a valid file name on every system."""
    require_name(what, name)
    if any(letter in '/\\:*?"<>|' for letter in name) or name[0] in ". " or name[-1] in ". ":
        raise ValueError(
            f'{what} also names files, so it must do without / \\ : * ? " < > | and dots or blanks at its ends, not '
            f"{name!r}"
        )


def require_distinct(what: str, names: Iterable[str], most: int) -> None:
    """Raises ValueError for more than `most` names, a duplicate or an invalid name."""
    seen: set[str] = set()
    for name in names:
        require_name(what, name)
        if name in seen:
            raise ValueError(f"{what} must be distinct, and {name!r} stands there twice")
        seen.add(name)
    if len(seen) > most:
        raise ValueError(f"{what} may be at most {most}, not {len(seen)}")
