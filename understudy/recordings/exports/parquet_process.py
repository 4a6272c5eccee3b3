"""Reads Parquet files in a process of its own, with limits: pyarrow ends the whole process on some damaged files.

Run as a module, it writes the columns of each file into a folder as NAME.npz and prints one line of JSON.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from understudy.contract.errors import MissingExtraError, RecordingError
from understudy.contract.processes.limited_process import OUT_OF_MEMORY, OUT_OF_TIME, limit_this_process, run_limited
from understudy.recordings.exports.parquet_columns import BASE_BYTES, RATIO, read_numbers

MODULE = "understudy.recordings.exports.parquet_process"
FILES_EACH = 16
"""Files that one process reads; starting it takes half a second."""
BASE_S, S_PER_MB, WALL_RATIO = 60.0, 2.0, 8.0
"""Limits on CPU time, and of the clock for a second of it."""
LIBRARIES_BYTES, COPIES = 2**30, 3
_FAULTS = {OUT_OF_TIME: "takes too long to read", OUT_OF_MEMORY: "takes too much memory to read"}


def read_files(
    paths: Sequence[Path], required: Sequence[str], optional: Sequence[str]
) -> Iterator[dict[str, np.ndarray]]:
    """Yields the columns of each file, as `parquet_columns.read_numbers` returns them.

    Raises:
        RecordingError: naming the file that is damaged, hostile, or lacks a column.
    """
    for start in range(0, len(paths), FILES_EACH):
        batch = [path.absolute() for path in paths[start : start + FILES_EACH]]
        with tempfile.TemporaryDirectory() as folder:
            request = Path(folder) / "request.json"
            request.write_text(json.dumps([list(map(str, batch)), list(required), list(optional)]), encoding="utf-8")
            size_mb = sum(path.stat().st_size for path in batch) / 1e6
            ended = run_limited(MODULE, [str(request)], WALL_RATIO * (BASE_S + S_PER_MB * size_mb))
            for number, path in enumerate(batch):
                columns = Path(folder) / f"{number}.npz"
                if not columns.is_file():
                    raise RecordingError(_why(path, ended.answer, ended.fault, ended.detail))
                with np.load(columns, allow_pickle=False) as arrays:
                    yield dict(arrays)
                columns.unlink()


def _why(path: Path, answer: dict[str, object] | None, fault: str, detail: str) -> str:
    if answer is not None and "refused" in answer:
        return str(answer["refused"])
    return f"{path} {_FAULTS.get(fault, 'is damaged')} ({detail})"


def main(request: Path) -> int:
    """Reads the files of a request beside it."""
    limit_this_process(BASE_S, LIBRARIES_BYTES)
    files, required, optional = json.loads(request.read_text(encoding="utf-8"))
    sizes = [Path(path).stat().st_size for path in files]
    memory = LIBRARIES_BYTES + COPIES * (BASE_BYTES + RATIO * max(sizes))
    limit_this_process(BASE_S + S_PER_MB * sum(sizes) / 1e6, memory)
    try:
        for number, path in enumerate(files):
            columns = read_numbers(Path(path), required, optional)
            unfinished = request.parent / f"{number}.part.npz"
            np.savez(unfinished, **columns)  # type: ignore[arg-type]  # names of ours
            unfinished.rename(request.parent / f"{number}.npz")
    except (RecordingError, MissingExtraError) as problem:
        answer: dict[str, object] = {"refused": str(problem)}
    except Exception as problem:  # pyarrow alone raises eight kinds of errors
        brief = (str(problem).splitlines() or [""])[0][:200]
        answer = {"refused": f"{path} is damaged ({type(problem).__name__}: {brief})"}
    else:
        answer = {"read": len(files)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
