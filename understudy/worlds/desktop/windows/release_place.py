"""Chooses where a held mouse button is released, so that the release does nothing but end the press.

A menu that has opened under the cursor takes a release for a choice, and another program's window takes it for the end
of a drag. The play area of the game's window takes it for the end of the press that it has seen.
"""

import math

from understudy.worlds.desktop.windows.window_system import Area, WindowSystem

RELEASE_GRID = (0.04, 0.27, 0.5, 0.73, 0.96)
"""Columns and rows of the play area to which the cursor may be moved."""


def pixel_away_from_cover(
    windows: WindowSystem, window: int, area: Area, pixel: tuple[int, int]
) -> tuple[int, int] | None:
    """Returns the pixel of a grid in the play area that is farthest from a covered pixel and itself free.

    Args:
        windows: of the platform.
        window: the game's.
        area: the play area.
        pixel: cursor position.

    Returns:
        None if the window is uppermost at the cursor, or nowhere in the play area (it is gone, hidden or covered): then
        no other place is better.
    """
    if windows.is_uppermost(window, *pixel):
        return None
    places = [area.pixel(x, y) for y in RELEASE_GRID for x in RELEASE_GRID]
    places.sort(key=lambda place: -math.hypot(place[0] - pixel[0], place[1] - pixel[1]))
    return next((place for place in places if windows.is_uppermost(window, *place)), None)
