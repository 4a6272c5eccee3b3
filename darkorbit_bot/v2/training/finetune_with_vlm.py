"""The guide's finetune_with_vlm.py: fine-tunes the Strategist on corrections (`--help` lists the flags)."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from understudy.cli.guide_scripts import open_door

    sys.exit(open_door("finetune_with_vlm"))
