"""Exception hierarchy. A user's mistake raises with one sentence and exit code 2; our own mistakes are asserts.

UnderstudyError                 any error that a user can understand and fix; the CLI prints it and exits 2
├── FlagError                   an invalid flag or combination of flags
├── MissingExtraError           an optional package is not installed; names the extra
├── WireError                   JSON or TOML with an unknown key, a missing key or a wrong type
├── RecordingError              a recording that cannot be read
│   ├── HostileRecordingError   a pickle that would run code
│   ├── BeingWrittenError       a recording that a running process still writes to
│   └── NoRecordingsError       nothing to train from; names folders that have recordings
├── CheckpointError             weights that cannot be loaded
│   └── EncodingMismatchError   weights that were trained on another observation encoding
├── TrainingError               training that cannot continue (no usable data, too many NaN steps)
│   └── TooLittlePlayError      recordings that hold too little to learn from
├── FeedbackError               a reviewer (critic) that returned no usable answer
└── WorldError                  a world that cannot be entered or was lost (no window, no display)
"""

from understudy.contract.terminal_text import escape_controls


class UnderstudyError(Exception):
    """What was given, what was expected, what to do next: one sentence for the user."""

    def __str__(self) -> str:
        """The sentence, with control characters escaped: it may quote a file or another library's message."""
        return escape_controls(super().__str__())


class FlagError(UnderstudyError):
    """An invalid flag or combination of flags."""


class MissingExtraError(UnderstudyError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"This needs the package {package}: install it with  pip install 'understudy[{extra}]'")


class WireError(UnderstudyError):
    """JSON or TOML with an unknown key, a missing key or a wrong type."""


class RecordingError(UnderstudyError):
    """A recording that cannot be read."""


class HostileRecordingError(RecordingError):
    """A pickle that would run code; none of it was executed."""


class BeingWrittenError(RecordingError):
    """A recording that a running process still writes to; it is unchanged."""


class NoRecordingsError(RecordingError):
    """Nothing to train from."""


class CheckpointError(UnderstudyError):
    """Weights that cannot be loaded."""


class EncodingMismatchError(CheckpointError):
    """Weights that were trained on another observation encoding than this version's."""


class TrainingError(UnderstudyError):
    """Training that cannot continue."""


class TooLittlePlayError(TrainingError):
    """Recordings that hold too little to learn from."""

    def __init__(self, lack: str, remedy: str) -> None:
        """Args: `lack`, what there is and what is needed, without a full stop; `remedy`, how to get more."""
        super().__init__(lack, remedy)
        self.lack, self.remedy = lack, remedy

    def __str__(self) -> str:
        return f"{self.lack}: {self.remedy}"


class FeedbackError(UnderstudyError):
    """A reviewer (critic) that returned no usable answer."""


class WorldError(UnderstudyError):
    """A world that cannot be entered or was lost."""
