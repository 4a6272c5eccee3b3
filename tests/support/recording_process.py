"""A process that records at 20 Hz in real time until it is killed; prints the number of each tick once it was told."""

import sys
import time
from pathlib import Path

from tests.support.synthetic_episodes import made_up, steps_of
from understudy.recordings.recorder import Recorder


def main() -> None:
    """Records to the path given as the only argument."""
    steps = steps_of(made_up(400))
    recorder = Recorder(Path(sys.argv[1]), made_up(1).info)
    began_s = time.monotonic()
    for number, step in enumerate(steps):
        time.sleep(max(0.0, began_s + number / 20 - time.monotonic()))
        recorder.on_step(step)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
