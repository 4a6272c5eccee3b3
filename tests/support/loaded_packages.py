"""Runs `understudy ARGUMENTS`; each line that it prints begins with the packages that are loaded by then, and `|`."""

import sys

from understudy.cli.main import main


class TellingOutput:
    """Standard output whose lines begin with the names of the loaded packages."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self._file, self._begins = sys.stdout, True

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            if self._begins:
                self._file.write(" ".join(name for name in list(sys.modules) if not name.startswith("_")) + "|")
            self._file.write(line)
            self._begins = line.endswith("\n")
        return len(text)

    def flush(self) -> None:
        self._file.flush()

    def isatty(self) -> bool:
        return False


if __name__ == "__main__":
    sys.stdout = TellingOutput()  # type: ignore[assignment]
    sys.exit(main(sys.argv[1:]))
