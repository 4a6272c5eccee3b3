"""One tree of errors. A user's mistake is one sentence and exit code 2; our own mistakes are asserts.

UnderstudyError                 anything that a user can understand and mend; the CLI prints it and exits 2
├── FlagError                   a flag or a combination of flags that cannot work
├── MissingExtraError           an optional package is not installed; names the extra
├── WireError                   JSON or TOML with an unknown key, a missing key or a wrong type
├── RecordingError              a recording that cannot be read
│   ├── HostileRecordingError   a pickle that would run code
│   ├── BeingWrittenError       a recording that a running process still writes to
│   └── NoRecordingsError       nothing to train from; says where recordings do lie
├── CheckpointError             weights that cannot be loaded
│   └── EncodingMismatchError   weights that were trained on another encoding
├── TrainingError               learning that cannot go on (too little data, too many NaN steps)
├── FeedbackError               a critic that gave no usable answer at all
└── WorldError                  a world that cannot be entered or was lost (no window, no display)
"""


class UnderstudyError(Exception):
    """What was given, what was expected, what to do next: one sentence for the user."""


class FlagError(UnderstudyError):
    """A flag or a combination of flags that cannot work."""


class MissingExtraError(UnderstudyError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"This needs the package {package}: install it with  pip install 'understudy[{extra}]'")


class WireError(UnderstudyError):
    """JSON or TOML with an unknown key, a missing key or a wrong type."""


class RecordingError(UnderstudyError):
    """A recording that cannot be read."""


class HostileRecordingError(RecordingError):
    """A pickle that would run code; nothing of it was run."""


class BeingWrittenError(RecordingError):
    """A recording that a running process still writes to; it is left alone."""


class NoRecordingsError(RecordingError):
    """Nothing to train from."""


class CheckpointError(UnderstudyError):
    """Weights that cannot be loaded."""


class EncodingMismatchError(CheckpointError):
    """Weights that were trained on another encoding than this version speaks."""


class TrainingError(UnderstudyError):
    """Learning that cannot go on."""


class FeedbackError(UnderstudyError):
    """A critic that gave no usable answer at all."""


class WorldError(UnderstudyError):
    """A world that cannot be entered or was lost."""
