"""Reads a recording and looks at it with numpy: an episode is a few record arrays with one row a tick.

python examples/read_recording.py --recordings data/recordings
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from understudy.contract.observation import Button
from understudy.recordings.store import find_recordings, read_episode


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="What a recording holds, in numpy.")
    parser.add_argument("--recordings", type=Path, default=None, help="file or folder; default: the usual folders")
    options = parser.parse_args(arguments)

    for path in find_recordings(options.recordings):
        episode = read_episode(path)
        observations, actions = episode.observations, episode.actions  # dtypes OBSERVATION and ACTION, shape (T,)
        is_down = actions["button"] == Button.LEFT
        is_press = is_down & ~np.concatenate([[False], is_down[:-1]])
        num_objects = (observations["tracks"]["id"] > 0).sum(axis=1)
        print(f"{path.name}: {len(episode)} ticks, {episode.duration_s:.0f} s of {episode.info.profile.name}")
        print(f"  played by {episode.info.pilot}, {is_press.sum()} clicks, {num_objects.mean():.1f} objects in sight")
        for gauge, values in zip(episode.info.profile.gauges, observations["player"]["gauges"].T, strict=False):
            known = values[np.isfinite(values)]  # NaN where it could not be read
            if len(known):
                print(f"  {gauge.name} {known.mean():.2f} on average")
        for name in ("kills", "loot", "deaths"):
            print(f"  {name}: {observations['events'][name].sum():.0f}")
        press_x, press_y = actions["cursor_x"][is_press], actions["cursor_y"][is_press]
        if len(press_x):
            print(f"  mean click at ({press_x.mean():.2f}, {press_y.mean():.2f}) in window fractions")


if __name__ == "__main__":
    main()
