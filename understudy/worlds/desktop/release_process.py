"""Entry point of the release watchdog's process: `python -m understudy.worlds.desktop.release_process`."""

import sys

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.held_input_release import release_held_inputs, with_silences
from understudy.worlds.desktop.input.release_watchdog import READY
from understudy.worlds.desktop.platform import open_injector


def main() -> int:
    """Reports that it is ready, then tracks held inputs and releases them when stdin ends or falls silent."""
    injector = open_injector()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    try:
        release_held_inputs(with_silences(sys.stdin), injector)
    except WorldError:  # the display is gone, and with it all held inputs
        return 1
    finally:
        injector.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
