"""`understudy studio`: a local web page for recordings, corrections, training, the gate and kinds of a new game."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from understudy.cli.flags.number_ranges import Range
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import DATA_DIR, LOG_DIR, Flag


@dataclass(frozen=True, kw_only=True)
class Studio:
    """Open a local web page: recordings, corrections, training, the gate, kinds of a new game."""

    models: OutputFolder = Path("models/v2")
    """Folder of the three trained policies."""
    recordings: Annotated[OutputFolder | None, DATA_DIR] = None
    """Folder of recordings; by default data/recordings and recordings/v2_training."""
    corrections_dir: OutputFolder = Path("logs/vlm_corrections")
    """Folder of corrections_TIMESTAMP.jsonl files."""
    logs: Annotated[OutputFolder, LOG_DIR] = Path("logs")
    """Folder of all learning curves; commands that the page starts write theirs there."""
    evaluation: Path = Path("out/evaluation")
    """Folder of the verdict.json that understudy evaluate or understudy demo wrote."""
    discovery: OutputFolder | None = None
    """Folder of a discovery whose kinds are named; by default data/discovery and those of all new games."""
    port: Annotated[int, Range(0, 65535)] = 8420
    """Port on 127.0.0.1; 0 takes a free one."""
    no_browser: Flag[bool] = False
    """Print the address only, and open no browser."""


def run(command: Studio) -> None:
    """Serves the page until Ctrl-C.

    Raises:
        MissingExtraError: if the extra is not installed.
        FlagError: if the port is taken.
    """
    import os
    import webbrowser

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from understudy.cli.show.terminal import Console
    from understudy.cli.studio.forms import forms_of
    from understudy.contract.errors import MissingExtraError

    try:
        from understudy.studio.server import serve
    except ModuleNotFoundError as missing:
        raise MissingExtraError(missing.name or "starlette", "studio") from missing
    from understudy.studio.settings import StudioSettings

    settings = StudioSettings(
        models=command.models,
        recordings=command.recordings,
        corrections=command.corrections_dir,
        logs=command.logs,
        evaluation=command.evaluation,
        discovery=command.discovery,
        forms=forms_of(
            models=command.models,
            recordings=command.recordings,
            corrections=command.corrections_dir,
            logs=command.logs,
        ),
    )
    console = Console(soft_wrap=True)

    def say(address: str) -> None:
        console.print(f"The studio is open at {address}", highlight=False)
        console.print("The address is for you alone: whoever has it can start trainings. Ctrl-C ends it.")
        if not command.no_browser:
            webbrowser.open(address)

    serve(settings, command.port, say)
