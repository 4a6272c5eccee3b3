"""The flag --json: one line of JSON on the standard output, and everything else on the standard error.

`main` redirects the standard output of a verb that runs with --json, so that no note, table or progress bar can reach
it; `print_result` alone writes there. A number that is not finite becomes null, because JSON has no NaN.
"""

import contextlib
import importlib
import json
import math
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TextIO

from understudy.cli.flags.spellings import Flag
from understudy.contract.serialization import to_plain

VERSION = 1
"""Number in the name of every schema; a schema whose fields are renamed, removed or redefined gets the next one."""
OURS = "understudy.cli.results"
RESULTS = {
    "demo": (f"{OURS}.learning", "DemoResult"),
    "record": (f"{OURS}.recordings", "RecordedSessions"),
    "recordings list": (f"{OURS}.recordings", "RecordingsList"),
    "recordings info": (f"{OURS}.recordings", "RecordingsInfo"),
    "recordings verify": (f"{OURS}.recordings", "RecordingsVerify"),
    "recordings repair": (f"{OURS}.recordings", "RecordingsRepair"),
    "recordings export": (f"{OURS}.recordings", "RecordingsExport"),
    "recordings import": (f"{OURS}.recordings", "RecordingsImport"),
    "recordings reperceive": (f"{OURS}.recordings", "RecordingsReperceive"),
    "recordings cache": (f"{OURS}.recordings", "RecordingsCache"),
    "train": (f"{OURS}.learning", "TrainedPolicies"),
    "finetune": (f"{OURS}.learning", "FinetunedPolicies"),
    "practise": (f"{OURS}.learning", "PractisedPolicy"),
    "critic collect": (f"{OURS}.corrections", "CriticCollect"),
    "critic evaluate": (f"{OURS}.corrections", "CriticEvaluate"),
    "corrections list": (f"{OURS}.corrections", "CorrectionsList"),
    "corrections show": (f"{OURS}.corrections", "CorrectionsShow"),
    "corrections edit": (f"{OURS}.corrections", "CorrectionsEdit"),
    "evaluate": (f"{OURS}.learning", "EvaluatedPolicies"),
    "doctor": ("understudy.evaluation.diagnostics.findings", "Diagnostics"),
    "doctor --desktop": (f"{OURS}.diagnostics", "DesktopFindings"),
    "gate": (f"{OURS}.weights", "GateResult"),
    "weights promote": (f"{OURS}.weights", "PromotedWeights"),
    "weights rollback": (f"{OURS}.weights", "RestoredWeights"),
    "weights manner": (f"{OURS}.weights", "SwitchedManner"),
    "weights history": (f"{OURS}.weights", "WeightsHistory"),
    "export": (f"{OURS}.weights", "ExportedPolicies"),
    "import": (f"{OURS}.weights", "ImportedPolicies"),
    "detector train": (f"{OURS}.detector", "TrainedDetector"),
    "detector convert": (f"{OURS}.detector", "ConvertedDetector"),
    "detector frames": (f"{OURS}.detector", "ChosenFrames"),
    "detector look": (f"{OURS}.detector", "DetectorLook"),
    "detector discover": (f"{OURS}.detector", "DetectorDiscover"),
    "profile new": (f"{OURS}.diagnostics", "ProfileCheck"),
    "profile check": (f"{OURS}.diagnostics", "ProfileCheck"),
}
"""Verb -> the module and the dataclass that --json prints."""

_standard_output: ContextVar[TextIO | None] = ContextVar("_standard_output", default=None)
"""The standard output of the process while `sys.stdout` is redirected."""


@dataclass(frozen=True, kw_only=True)
class JsonFlag:
    """Base of the dataclass of a verb that can print its result as JSON."""

    json: Flag[bool] = False
    """Print the result as one line of JSON (docs/manual/scripts.md); everything else goes to the standard error."""


@contextlib.contextmanager
def json_to_stdout(command: Any) -> Iterator[None]:
    """Redirects the standard output to the standard error while a verb runs with --json."""
    if not getattr(command, "json", False):
        yield
        return
    token = _standard_output.set(sys.stdout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _standard_output.reset(token)


def print_result(verb: str, result: Any) -> None:
    """Writes the result of a verb as one line of JSON on the standard output.

    Args:
        verb: key of RESULTS, such as `recordings list`.
        result: instance of its dataclass.
    """
    assert type(result) is result_type(verb), f"{verb} prints {type(result).__name__}"
    stream = _standard_output.get() or sys.stdout
    stream.write(to_json_line(verb, result) + "\n")
    stream.flush()


def to_json_line(verb: str, result: Any) -> str:
    """Returns one line of JSON in ASCII: the name of the schema, and the fields of the result."""
    plain = {"schema": f"{verb}/{VERSION}", **_finite(to_plain(result))}
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def result_type(verb: str) -> type:
    """Returns the dataclass that a verb prints with --json."""
    module, name = RESULTS[verb]
    found: type = getattr(importlib.import_module(module), name)
    return found


def _finite(value: Any) -> Any:
    """Replaces NaN and infinities by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
