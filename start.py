"""Sets the project up in `.venv` and runs it; needs nothing but Python 3.11 or newer.

    python3 start.py                 installs what is missing, then runs the main job, `understudy demo`
    python3 start.py test [ARGS]     installs the development tools too, then runs ruff, mypy, lint-imports and pytest
    python3 start.py VERB [ARGS]     is `understudy VERB [ARGS]`; `python3 start.py --help` lists the verbs

ARGS after `test` go to pytest. Tests marked slow are left out unless ARGS choose others: `test -m slow` runs only
those, `test -m ""` runs all. A second run installs nothing.
"""

import ast
import hashlib
import os
import subprocess
import sys
import time

if sys.version_info < (3, 11):  # noqa: UP036 - an older one shall get a sentence, not a traceback
    sys.stderr.write(f"understudy needs Python 3.11 or newer; this is {sys.version.split()[0]}. Use a newer one.\n")
    sys.exit(2)

from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "understudy-installed"
CONSTRAINTS = ROOT / "constraints.txt"

LIBRARIES = (
    "understudy",
    "torch",
    "numba",
    "pygame",
    "cv2",
    "tyro",
    "rich",
    "mcap",
    "scipy",
    "gymnasium",
    "matplotlib",
)
DEVELOPMENT_TOOLS = ("ruff", "mypy", "importlinter", "pytest", "xdist", "hypothesis", "beartype")

PIP_SETTINGS_FOR_UV = {"index-url": "UV_DEFAULT_INDEX", "find-links": "UV_FIND_LINKS", "cert": "SSL_CERT_FILE"}
"""uv does not read pip's configuration; without these it would look past the mirror that pip was told to use."""


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Sets up, runs, and returns the exit code of what was run."""
    job, *rest = arguments or ["demo"]
    try:
        prepare(development=job == "test")
    except SetupError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    if job == "test":
        return run_checks(rest)
    return replace_process([str(PYTHON), "-m", "understudy.cli.main", job, *rest])


def prepare(development: bool) -> None:
    """Makes `.venv` hold the project and its libraries, and does nothing where it does already."""
    needed = LIBRARIES + (DEVELOPMENT_TOOLS if development else ())
    wanted = fingerprint()
    stamped, _, extras = (STAMP.read_text() if STAMP.exists() else "").partition(" ")
    if stamped == wanted and (not development or "dev" in extras) and finds(needed):
        return
    development = development or "dev" in extras  # what was installed once stays in step
    started_s = time.monotonic()
    STAMP.unlink(missing_ok=True)
    if not runs("import pip"):
        make_venv()
    install(development)
    if not imports(LIBRARIES):
        say("the libraries in .venv do not load; recreating it")
        make_venv()
        install(development)
        if not imports(LIBRARIES, show=True):
            raise SetupError("The libraries were installed but do not load: the lines above say why.")
    STAMP.write_text(f"{wanted} {'dev' if development else ''}")
    say(f"installed in {time.monotonic() - started_s:.0f} s")


def fingerprint() -> str:
    """Changes when there is something to install: other requirements, another Python, a moved folder."""
    digest = hashlib.sha256()
    for part in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(part.read_bytes())
    digest.update(f"{sys.version_info[:3]} {ROOT}".encode())
    return digest.hexdigest()


def runs(code: str, show: bool = False) -> bool:
    """Whether the Python in `.venv` exists, is of this version, and runs some code."""
    if not PYTHON.exists():
        return False
    same_version = f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}; "
    shown = None if show else subprocess.DEVNULL
    try:
        return subprocess.call([str(PYTHON), "-c", same_version + code], stdout=subprocess.DEVNULL, stderr=shown) == 0
    except OSError:  # a link to a Python that has gone
        return False


def finds(modules: tuple[str, ...]) -> bool:
    """Whether the modules are there; quick, for every run."""
    return runs(f"import importlib.util as u; assert all(map(u.find_spec, {modules!r}))")


def imports(modules: tuple[str, ...], show: bool = False) -> bool:
    """Whether the modules load; takes seconds, for after an installation."""
    return runs("import " + ", ".join(modules), show)


def make_venv() -> None:
    """Makes `.venv`, in place of what is left of an older one."""
    say(f"making .venv with Python {sys.version_info[0]}.{sys.version_info[1]}")
    finished = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        hint = "apt install python3-venv" if "ensurepip" in finished.stdout + finished.stderr else "see above"
        sys.stderr.write(finished.stdout + finished.stderr)
        raise SetupError(f"Python could not make .venv ({hint}).")


def install(development: bool) -> None:
    """Installs the project, editable, with the pinned libraries: by uv, which is several times faster, or by pip."""
    project = f"{ROOT}[dev]" if development else str(ROOT)
    wanted = ["-c", str(CONSTRAINTS), "-e", project]
    say("installing " + ("the project and the development tools" if development else "the project") + " (some minutes)")
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    if subprocess.call([*pip, "-q", "-c", str(CONSTRAINTS), "uv"], stderr=subprocess.DEVNULL) == 0:
        uv = [str(PYTHON), "-m", "uv", "pip", "install", "-q", "--python", str(PYTHON), *wanted]
        if subprocess.call(uv, env={**settings_for_uv(), **os.environ}, stderr=subprocess.DEVNULL) == 0:
            return
    say("uv could not; installing with pip, which takes longer")
    if subprocess.call([*pip, *wanted]) != 0:
        raise SetupError("pip could not install the libraries: the lines above say why. Mend it and start again.")


def settings_for_uv() -> dict[str, str]:
    """What pip was told, by file or environment, about where packages come from."""
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = {}
    for line in listed.splitlines():  # the environment comes first and wins over files
        name, _, value = line.partition("=")
        variable = PIP_SETTINGS_FOR_UV.get(name.rpartition(".")[2])
        if variable is not None:
            settings.setdefault(variable, ",".join(str(ast.literal_eval(value)).split()))
    return settings


def run_checks(pytest_arguments: list[str]) -> int:
    """Runs the four checks, each of them whatever the one before said; 0 when all pass."""
    workers = str(min(2, os.cpu_count() or 1))
    tool = [str(PYTHON), "-m"]
    checks = {
        "ruff check": [*tool, "ruff", "check"],
        "ruff format": [*tool, "ruff", "format", "--check"],
        "mypy": [*tool, "mypy"],
        "lint-imports": [str(PYTHON.with_name("lint-imports"))],
        "pytest": [*tool, "pytest", "-n", workers, "--dist", "loadfile", "-m", "not slow", *pytest_arguments],
    }
    failed = []
    for name, command in checks.items():
        say(name)
        if subprocess.call(command, cwd=ROOT) != 0:
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def replace_process(command: list[str]) -> int:
    """Runs the command in place of this process, so that Ctrl-C and the exit code are its own."""
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.call(command)  # exec on Windows would return to the shell while the command still runs


def say(line: str) -> None:
    """One line for one stage."""
    print(f"[start] {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
