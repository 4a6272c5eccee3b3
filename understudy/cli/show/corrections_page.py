"""The page of `corrections show`: each correction beside its picture. What a model or a file wrote is escaped."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from understudy.evaluation.report.templates import render
from understudy.feedback.correction_reader import Entry
from understudy.viewer.correction_picture import correction_picture

TEMPLATES = Path(__file__).with_name("templates")


def corrections_page(entries: Iterable[tuple[int, Entry]]) -> str:
    """Returns the HTML page of numbered corrections; each picture is embedded, and left out if there is none."""
    return render(TEMPLATES, "corrections.html", moments=[_shown(number, entry) for number, entry in entries])


def _shown(number: int, entry: Entry) -> dict[str, Any]:
    """Returns what the template shows of one correction."""
    one = entry.correction
    picture = correction_picture(entry)
    return {
        "number": number,
        "image": f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" if picture else "",
        "bot": one.bot_action.name,
        "right": one.vlm_correction.name,
        "confidence": f"{one.confidence:.0%}",
        "reason": one.reason,
        "words": one.state.words,
        "bot_target": one.bot_target or "none",
        "target": "not given" if one.target is None else one.target or "none",
        "by": one.model or one.source,
        "when": one.when,
        "line": entry.line,
        "file": entry.path.name,
        "objects": one.state.objects,
    }
