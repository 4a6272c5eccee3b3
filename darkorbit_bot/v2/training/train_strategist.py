"""The guide's train_strategist.py: trains the Strategist from recordings (`--help` lists the flags)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from understudy.cli.guide_scripts import open_door

    sys.exit(open_door("train_strategist"))
