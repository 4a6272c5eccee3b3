"""What every test shares: shape checks at every call, one thread a library, no real screen, and an Xvfb on request."""

import atexit
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

# Before any test imports numpy, torch, numba or pygame: they read these once. Two threads on a busy two-core machine
# are slower than one, and a window must never open on the screen of whoever runs the tests.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    NUMBA_NUM_THREADS="1",
    SDL_VIDEODRIVER="dummy",
    SDL_AUDIODRIVER="dummy",
    PYGAME_HIDE_SUPPORT_PROMPT="1",
    MPLBACKEND="agg",
    # programs that tests start import this checkout's code, and what tests share
    PYTHONPATH=os.pathsep.join(filter(None, (str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH")))),
)

# Hundreds of processes are started: each would compile all it imports (4 s) where Python is told to keep no bytecode.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "bytecode")

import pytest
from jaxtyping import install_import_hook

from tests.support.slow_tests_first import SlowTestsFirst, put_slow_files_first

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a background job, whose children would ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


ROOT = Path(__file__).resolve().parents[1]


def checked_modules() -> list[str]:
    """Every module of ours whose calls are checked: all but those that numba compiles, which cannot be wrapped."""
    sources = sorted((ROOT / "understudy").rglob("*.py"))
    return [
        ".".join(source.relative_to(ROOT).with_suffix("").parts)
        for source in sources
        if source.name != "__init__.py" and "njit" not in source.read_text(encoding="utf-8")
    ]


install_import_hook(checked_modules(), "beartype.beartype")


def keep_training_out_of_the_users_cache() -> None:
    """Gives this run a user's cache folder of its own, with links to what other programs keep in the real one."""
    folder = Path(tempfile.mkdtemp(prefix="understudy-cache-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    real = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for entry in real.iterdir() if real.is_dir() else ():
        if entry.name != "understudy":
            (folder / entry.name).symlink_to(entry)
    os.environ["XDG_CACHE_HOME"] = str(folder)


if sys.platform == "linux":
    keep_training_out_of_the_users_cache()


@pytest.hookimpl(trylast=True)  # after those that `-m` leaves out are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    put_slow_files_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return SlowTestsFirst(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture
def project_root() -> Path:
    """The folder that holds start.py."""
    return ROOT


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one while the test runs, for code that writes to relative paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def xvfb() -> Iterator[str]:
    """The name of an X display of 1280 x 720 that only this test process uses, such as `:3`."""
    binary = shutil.which("Xvfb")
    if binary is None:
        pytest.skip("Xvfb is not installed (on Debian: apt install xvfb)")
    reading_end, writing_end = os.pipe()
    server = subprocess.Popen(
        [binary, "-displayfd", str(writing_end), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing_end)
    try:
        yield f":{_display_number(reading_end)}"
    finally:
        os.close(reading_end)
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def desktop_environment(xvfb: str) -> dict[str, str]:
    """Environment variables for a child process whose window shall open on the Xvfb display.

    Its first click counts: without being told so SDL swallows a click within 10 ms of getting the focus, as one that
    was only meant to give it, and a program that has just opened its window has just got the focus.
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY")}
    sdl = {"VIDEODRIVER": "x11", "FRAMEBUFFER_ACCELERATION": "0", "MOUSE_FOCUS_CLICKTHROUGH": "1"}
    return {**kept, "DISPLAY": xvfb, **{f"SDL_{name}": value for name, value in sdl.items()}}


@pytest.fixture
def start_program(
    desktop_environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts Python programs on the Xvfb display, in an empty folder; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(*command: str) -> "subprocess.Popen[str]":
        running.append(
            subprocess.Popen(
                [sys.executable, *command],
                env={**desktop_environment, "PYTHONUNBUFFERED": "1"},
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def wait_for_window(desktop_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Waits until a window of a title is on the Xvfb display, which is then this process's own too."""
    monkeypatch.setenv("DISPLAY", desktop_environment["DISPLAY"])

    def wait(title: str) -> None:
        from understudy.worlds.desktop.windows.x11_windows import X11Windows

        until = time.perf_counter() + 120
        with closing(X11Windows()) as windows:
            while title not in windows.titles().values():
                assert time.perf_counter() < until, f"no window {title!r}"
                time.sleep(0.1)

    return wait


def _display_number(reading_end: int) -> int:
    """Reads the number that Xvfb writes once it accepts clients."""
    written = b""
    while not written.endswith(b"\n"):
        ready, _, _ = select.select([reading_end], [], [], 30)
        part = os.read(reading_end, 16) if ready else b""
        if not part:
            pytest.fail("Xvfb did not start within 30 s")
        written += part
    return int(written)
