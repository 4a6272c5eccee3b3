"""The guide's bot_controller_v2.py: plays live, or learns from your play (`--help` lists the flags)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from understudy.cli.guide_scripts import open_door

    sys.exit(open_door("bot_controller_v2"))
