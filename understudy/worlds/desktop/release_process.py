"""The process of the release watchdog: `python -m understudy.worlds.desktop.release_process`."""

import sys

from understudy.contract.errors import WorldError
from understudy.worlds.desktop.input.held_input_release import watch_over, with_silences
from understudy.worlds.desktop.input.release_watchdog import READY
from understudy.worlds.desktop.platform import open_injector


def main() -> int:
    """Says that it is ready, then watches over what is held until its input ends."""
    pointer = open_injector()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    try:
        watch_over(with_silences(sys.stdin), pointer)
    except WorldError:  # the display is gone, and all that was held with it
        return 1
    finally:
        pointer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
