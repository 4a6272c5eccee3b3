"""Exports data sets and opens them with the real packages of LeRobot and Minari, each in an environment of its own.

    python3.12 -m venv lerobot && lerobot/bin/pip install 'lerobot[dataset]==0.6.1'   # 5 GB with its torch
    python3.12 -m venv minari && minari/bin/pip install 'minari[hdf5,arrow]==0.5.4' pillow
    python benchmarks/data_set_packages.py RECORDING ... --lerobot lerobot/bin/python --minari minari/bin/python
    python benchmarks/data_set_packages.py --pictures 30 --lerobot lerobot/bin/python --keep SET

`--pictures` records the hunter with rendered pictures, perceives them by `recordings reperceive`, and exports these:
LeRobot then has to show each tick its own picture. `--keep` copies the set of LeRobot, to train on.
Prints what each package sees; docs/ecosystem.md keeps it. An environment that is not named is left out, and the script
says so. A few minutes, most of them the imports of the packages. Nothing is fetched.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import discovery_play
from smallest import FOLDER, flags, hunter_recordings, require

FORMS = ("lerobot", "minari")
LONGEST_S = 900
PROGRAMS = {
    "lerobot": """
import sys, lerobot, torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset
root, rate = sys.argv[1], 20
rows = LeRobotDataset("understudy/play", root=root)
print("lerobot", lerobot.__version__, "torch", torch.__version__, "python", sys.version.split()[0])
print(rows.num_episodes, "episodes,", rows.num_frames, "frames at", rows.fps, "fps")
print({name: tuple(feature["shape"]) for name, feature in rows.features.items() if "." in name or name == "action"})
ahead = {"action": [n / rate for n in range(20)], "observation.state": [-2 / rate, -1 / rate, 0.0]}
windows = LeRobotDataset("understudy/play", root=root, delta_timestamps=ahead)
wanted = torch.stack([rows[100 + n]["action"] for n in range(20)])
assert torch.equal(windows[100]["action"], wanted), "delta_timestamps"
assert int(windows[rows.num_frames - 1]["action_is_pad"].sum()) == 19, "padding at the end"
for key in rows.meta.video_keys:
    import av, numpy as np
    ahead["observation.images.screen"] = [-0.5, 0.0]
    windows = LeRobotDataset("understudy/play", root=root, delta_timestamps=ahead)
    for episode, first in ((0, 0), (rows.num_episodes - 1, int(rows.meta.episodes[-1]["dataset_from_index"]))):
        with av.open(str(rows.root / rows.meta.get_video_file_path(episode, key))) as file:
            shown = [frame.to_ndarray(format="rgb24") for _, frame in zip(range(60), file.decode(video=0))]
        for tick in (0, 17, 41, 59):
            wanted = torch.from_numpy(shown[tick]).permute(2, 0, 1) / 255
            assert (rows[first + tick][key] - wanted).abs().max() < 0.05, (episode, tick)
        assert (windows[first + 59][key][0] - torch.from_numpy(shown[49]).permute(2, 0, 1) / 255).abs().max() < 0.05
    print(key, tuple(rows[0][key].shape), "each tick has its own picture; delta_timestamps gives that of -0.5 s")
print("delta_timestamps: the 20 actions are those of the 20 ticks; 19 are padded at the end")
""",
    "minari": """
import os, sys
os.environ["MINARI_DATASETS_PATH"] = sys.argv[1]
import gymnasium, minari
data = minari.load_dataset("understudy/play-v0")
print("minari", minari.__version__, "gymnasium", gymnasium.__version__, "python", sys.version.split()[0])
total = 0.0
for episode in data.iterate_episodes():
    assert len(episode.actions) == len(episode.rewards) == len(episode.terminations)
    assert data.spec.action_space is None or data.action_space.contains(episode.actions[0])
    total += float(episode.rewards.sum())
print(data.total_episodes, "episodes,", data.total_steps, "steps, return", round(total, 1))
print("sampled:", len(data.sample_episodes(2)), "episodes")
""",
}


def main() -> None:
    """Exports and opens."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recordings", type=Path, nargs="*")
    for form in FORMS:
        parser.add_argument(f"--{form}", type=Path, help=f"the Python of an environment with {form}")
    parser.add_argument("--pictures", type=float, metavar="SECONDS", help="record three times so much with pictures")
    parser.add_argument("--keep", type=Path, help="new folder for the data set of LeRobot")
    asked = parser.parse_args(flags())
    recordings = asked.recordings or [pictured(asked.pictures) if asked.pictures else hunter_recordings()]
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            place = Path(folder) / form
            out = place / "understudy" / "play-v0" if form == "minari" else place
            command = ["recordings", "export", *map(str, recordings), "--form", form, "--out", str(out)]
            exported = subprocess.run([sys.executable, "-m", "understudy", *command], check=False)
            require(exported.returncode == 0, f"the export to {form} failed")
            num_bytes = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
            print(f"{form}: {num_bytes / 1e6:.1f} MB", flush=True)
            if form == "lerobot" and asked.keep:
                shutil.copytree(place, asked.keep)
            python = getattr(asked, form)
            if python is None:
                print(f"{form}: not opened, --{form} names no Python with the package", flush=True)
                continue
            open_with(python, form, place)


def pictured(seconds: float) -> Path:
    """Records the hunter with pictures in three worlds, as a game on the screen is, and perceives them."""
    folder = FOLDER / f"pictured_{seconds:.0f}"
    for seed in range(3):
        path = folder / f"hunter_{seed}.mcap"
        if not path.exists():
            discovery_play.record(path, 7_000 + seed, "1-1", seconds, "plain", (640, 360))
            perceived = subprocess.run(
                [sys.executable, "-m", "understudy", "recordings", "reperceive", str(path)], check=False
            )
            require(perceived.returncode == 0, "its pictures were not perceived")
    return folder


def open_with(python: Path, form: str, place: Path) -> None:
    """Runs the package's own code; our project is not on its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [str(python.absolute()), "-c", PROGRAMS[form], str(place)],
        cwd=place,
        env=environment,
        timeout=LONGEST_S,
        check=False,
    )
    require(ended.returncode == 0, f"{form} did not open the data set")


if __name__ == "__main__":
    main()
