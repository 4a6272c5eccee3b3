"""One spelling for one thing in every verb: what a field is called on the command line, with the earlier spellings.

The guide's and earlier spellings stay aliases. tests/cli/flags/test_one_spelling.py walks over the flags of every verb.
"""

from pathlib import Path
from typing import Annotated

import tyro

from understudy.cli.flags.output_paths import OutputFolder

NO_NONE = (tyro.conf.DisallowNone,)
"""Setting of every parser: a flag is left out, not given None, and its help says so."""
Flag = tyro.conf.FlagCreatePairsOff
"""`Flag[bool]`: a switch that has no opposite, such as --no-video."""
OUT = tyro.conf.arg(name="out", aliases=("--output-dir",))
"""What a verb writes, a file or a folder."""
OUT_PAGE = tyro.conf.arg(name="out", aliases=("--page",))
OUT_PLOT = tyro.conf.arg(name="out", aliases=("--picture",))
DATA_DIR = tyro.conf.arg(name="data-dir", aliases=("--recordings",))
LOG_DIR = tyro.conf.arg(name="log-dir", aliases=("--logs",))
MODELS = tyro.conf.arg(name="models", aliases=("--model-path",))
CHECKPOINT_DIR = tyro.conf.arg(name="checkpoint-dir", aliases=("--output-dir",))
"""Checkpoints of a verb whose `--out` is the finished file."""
CORRECTIONS_DIR = tyro.conf.arg(name="corrections-dir", aliases=("--labels",))
MAX_PAIRS = tyro.conf.arg(name="max-pairs", aliases=("--pairs",))
MAP = tyro.conf.arg(name="map", aliases=("--start-map",))
CRITIC_MODEL = tyro.conf.arg(name="critic-model", aliases=("--model",))
CRITIC_EVERY = tyro.conf.arg(name="critic-every", aliases=("--every",))
DETECTOR = tyro.conf.arg(name="detector", aliases=("--model",))
"""Beside `--models`, the policies."""

DetectorWeights = Annotated[Path | None, DETECTOR]
TrainedFolder = Annotated[OutputFolder, OUT]
Cluster = Annotated[str, tyro.conf.arg(name="cluster", metavar="auto|HOST:PORT")]
"""Address of a Ray cluster (extra `[cluster]`)."""
