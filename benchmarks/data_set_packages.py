"""Exports data sets and opens them with the real packages of LeRobot and Minari, each in an environment of its own.

    python3.12 -m venv lerobot && lerobot/bin/pip install 'lerobot[dataset]==0.6.1'   # 5 GB with its torch
    python3.12 -m venv minari && minari/bin/pip install 'minari[hdf5,arrow]==0.5.4' pillow
    python benchmarks/data_set_packages.py RECORDING ... --lerobot lerobot/bin/python --minari minari/bin/python

Prints what each package sees; docs/ecosystem.md keeps it. An environment that is not named is left out, and the script
says so. A few minutes, most of them the imports of the packages. Nothing is fetched.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from smallest import flags, hunter_recordings, require

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
    asked = parser.parse_args(flags())
    recordings = asked.recordings or [hunter_recordings()]
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            place = Path(folder) / form
            out = place / "understudy" / "play-v0" if form == "minari" else place
            command = ["recordings", "export", *map(str, recordings), "--form", form, "--out", str(out)]
            exported = subprocess.run([sys.executable, "-m", "understudy", *command], check=False)
            require(exported.returncode == 0, f"the export to {form} failed")
            num_bytes = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
            print(f"{form}: {num_bytes / 1e6:.1f} MB", flush=True)
            python = getattr(asked, form)
            if python is None:
                print(f"{form}: not opened, --{form} names no Python with the package", flush=True)
                continue
            open_with(python, form, place)


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
