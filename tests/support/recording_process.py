"""A process that records at 20 Hz in real time until it is killed; prints the number of each tick once it was told."""

import sys
import time
from pathlib import Path

from tests.support.recorded_pictures import byte_pictures
from tests.support.synthetic_episodes import made_up, steps_of
from understudy.recordings.recorder import Recorder


def main() -> None:
    """Records to the path given as the first argument; with pictures where a second one says so."""
    steps = steps_of(made_up(400))
    pictures = byte_pictures() if sys.argv[2:] == ["pictures"] else None
    recorder = Recorder(Path(sys.argv[1]), made_up(1).info, pictures=pictures)
    began_s = time.perf_counter()
    for number, step in enumerate(steps):
        time.sleep(max(0.0, began_s + number / 20 - time.perf_counter()))
        recorder.on_step(step)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
