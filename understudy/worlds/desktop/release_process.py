"""Entry point of the release watchdog's process: `python -m understudy.worlds.desktop.release_process`."""

import sys
from contextlib import closing

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.held_input_release import Game, release_held_inputs, with_silences
from understudy.worlds.desktop.input.release_watchdog import READY
from understudy.worlds.desktop.platform import open_injector, open_windows
from understudy.worlds.desktop.windows.release_place import pixel_away_from_cover


def release_place(game: Game, pixel: tuple[int, int]) -> tuple[int, int] | None:
    """Returns a free place of the game if something has come to lie under the cursor; None also if nothing is known."""
    try:
        with closing(open_windows()) as windows:
            return pixel_away_from_cover(windows, *game, pixel)
    except WorldError:  # whatever the window system says, the button is released
        return None


def main() -> int:
    """Reports that it is ready, then tracks held inputs and releases them when stdin ends or falls silent."""
    injector = open_injector()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    try:
        release_held_inputs(with_silences(sys.stdin), injector, release_place)
    except WorldError:  # the display is gone, and with it all held inputs
        return 1
    finally:
        injector.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
