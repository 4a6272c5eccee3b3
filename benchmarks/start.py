"""From the command to ready, in CPU seconds: `python benchmarks/start.py [--models FOLDER] [--times 3]`.

Starts its own Xvfb and a program with a window, and each live verb on it until the line that says that it is ready.
Counted is the verb's own process (user and system, no wall clock: it may be a busy machine), when its first line and
when the ready line are written, and which large packages it has loaded by then. The first start of each verb is not
counted: it compiles. The last rows are what Python's own compiling costs where nothing may keep its result (an
installation by uv, PYTHONDONTWRITEBYTECODE=1), and each large package imported by itself, in the order of `run`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from desktop import game, x_server
from smallest import flags, require, untrained_models

PACKAGES = ("numpy", "torch", "numba", "scipy.optimize", "onnxruntime", "onnx", "cv2", "pygame", "av", "matplotlib")
PYTHON_WITHOUT_BYTECODE = "PYTHONDONTWRITEBYTECODE"
WINDOW = ("--world", "desktop", "--window", "benchmark")
STAMPED = f"""
import sys, time

class Stamped:
    '''Standard output whose lines begin with this process's CPU seconds and the large packages that are loaded.'''

    def __init__(self, file):
        self.file, self.begins = file, True

    def write(self, text):
        for line in text.splitlines(True):
            if self.begins:
                loaded = ",".join(name for name in {PACKAGES!r} if name in sys.modules)
                self.file.write(f"{{time.process_time():.3f}}|{{loaded}}|")
            self.file.write(line)
            self.begins = line.endswith("\\n")
        self.file.flush()
        return len(text)

    def __getattr__(self, name):
        return getattr(self.file, name)

if __name__ == "__main__":
    sys.stdout = Stamped(sys.stdout)
    from understudy.cli.main import main
    sys.exit(main(sys.argv[1:]))
"""


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=Path, default=None, help="of policies; by default untrained ones")
    parser.add_argument("--times", type=int, default=3, help="starts of each verb that count; the median is shown")
    asked = parser.parse_args(flags("--times", "1", "--models", "{models}"))
    models = str((asked.models or untrained_models()).resolve())
    with tempfile.TemporaryDirectory() as name, x_server() as display:
        folder = Path(name)
        os.environ["DISPLAY"] = display
        script = folder / "stamped.py"
        script.write_text(STAMPED, encoding="utf-8")
        with game():
            print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            print("| command | CPU s to its first line | CPU s to ready | large packages by then |\n|---|---|---|---|")
            environment = with_bytecode_in(folder / "bytecode")
            run = ("run", *WINDOW, "--models", models)
            for command, ready in (
                (run, "THE UNDERSTUDY PLAYS"),
                ((*run, "--test-mode"), "TEST MODE"),
                ((*run, "--shadow-train"), "Shadow training mode ACTIVE"),
                (("record", *WINDOW), "F5 start and stop"),
                (("record", *WINDOW, "--perceive", "later"), "F5 start and stop"),
            ):
                start(script, command, ready, folder, environment)
                show(command, [start(script, command, ready, folder, environment) for _ in range(asked.times)])
            compiles = {**environment, PYTHON_WITHOUT_BYTECODE: "1", "PYTHONPYCACHEPREFIX": str(folder / "empty")}
            show((*run, "(Python compiles)"), [start(script, run, "THE UNDERSTUDY PLAYS", folder, compiles)])
            print(f"load after: {os.getloadavg()[0]:.1f}")
    print("\n| import, by itself but in this order | CPU s |\n|---|---|")
    for name, seconds in import_costs():
        print(f"| {name} | {seconds:.2f} |")


def with_bytecode_in(folder: Path) -> dict[str, str]:
    """The environment of an installation whose bytecode may be kept, and is: by pip, or since its first start."""
    kept = {name: value for name, value in os.environ.items() if name != PYTHON_WITHOUT_BYTECODE}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


def start(
    script: Path, command: Sequence[str], ready: str, folder: Path, environment: Mapping[str, str]
) -> tuple[float, float, str]:
    """Starts a verb and ends it as soon as it is ready.

    Returns:
        CPU seconds until its first line and until it is ready, and the large packages that it has loaded by then.
    """
    process = subprocess.Popen(
        [sys.executable, str(script), *command],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    first = None
    try:
        for line in process.stdout:
            seconds, loaded, words = line.split("|", 2)
            first = float(seconds) if first is None else first
            if ready in words:
                return first, float(seconds), loaded
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    require(False, f"{' '.join(command)} ended without saying {ready!r}")
    raise AssertionError


def show(command: Sequence[str], starts: Sequence[tuple[float, float, str]]) -> None:
    """Prints the row of the median start."""
    first, ready, loaded = sorted(starts, key=lambda one: one[1])[len(starts) // 2]
    words = " ".join(word for word in command if "/" not in word and word not in ("--models", "benchmark", "--window"))
    print(f"| {words} | {first:.2f} | {ready:.2f} | {loaded.replace(',', ', ')} |", flush=True)


def import_costs() -> list[tuple[str, float]]:
    """CPU seconds of each large package's import, where what was imported before it is there already."""
    code = (
        f"import importlib, time\nfor name in {PACKAGES[:7]!r}:\n    before = time.process_time()\n"
        "    importlib.import_module(name)\n    print(name, time.process_time() - before)"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = with_bytecode_in(Path(folder))
        for _ in range(2):  # the first time compiles
            said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
            require(said.returncode == 0, said.stderr)
    return [(name, float(seconds)) for name, seconds in map(str.split, said.stdout.splitlines())]


if __name__ == "__main__":
    main()
