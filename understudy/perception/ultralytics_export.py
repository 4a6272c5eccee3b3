"""Weights of ultralytics (best.pt) become ONNX, once; then ONNX Runtime runs them, four times as fast.

A .pt file is a Python pickle: ultralytics loads it with full trust, so a hostile one runs any code it likes at that
moment. Here it is looked through first, without running anything: it may name only what such weights need. That keeps
out pickles that say plainly what they do; it is no proof, so take weights from whom you trust. ultralytics is AGPL and
an extra; nothing else of understudy uses it.
"""

import io
import logging
import pickle
import zipfile
from pathlib import Path
from typing import Any

from understudy.contract.errors import CheckpointError, MissingExtraError

_log = logging.getLogger(__name__)

TRUSTED_ROOMS = ("torch", "ultralytics", "numpy", "collections", "pathlib", "models", "torchvision")
"""Packages whose classes a detector's weights are made of (`models` is YOLOv5's name for its own)."""
TRUSTED_BUILTINS = {
    "set",
    "frozenset",
    "dict",
    "list",
    "tuple",
    "int",
    "float",
    "str",
    "bytes",
    "bool",
    "slice",
    "range",
    "complex",
    "bytearray",
}
FORBIDDEN = {
    "torch.hub",
    "torch.utils.cpp_extension",
    "numpy.distutils",
    "torch.serialization",
    "torch.package",
    "numpy.f2py",
}
"""Parts of trusted packages that fetch, build or load other code."""


def convert_once(path: Path) -> Path:
    """The ONNX file beside .pt weights, made with ultralytics where it is missing or older than they are.

    Raises:
        CheckpointError: if the file is missing, no weights, or names code that weights have no need of.
        MissingExtraError: if it has to be converted and ultralytics is not installed.
    """
    if not path.is_file():
        raise CheckpointError(f"There are no weights {path}: check the path given to --model.")
    converted = path.with_suffix(".onnx")
    if converted.is_file() and converted.stat().st_mtime >= path.stat().st_mtime:
        return converted
    refuse_strange_code(path)
    try:
        from ultralytics import YOLO
    except ImportError:
        raise MissingExtraError("ultralytics", "yolo") from None
    _log.warning(
        "%s is being converted to %s by ultralytics (AGPL-3.0), which trusts the file: it runs whatever the pickle in "
        "it names. Use weights from people you trust.",
        path,
        converted,
    )
    try:
        made = Path(YOLO(str(path)).export(format="onnx", simplify=False))
    except Exception as problem:  # ultralytics raises of all kinds
        raise CheckpointError(
            f"ultralytics could not convert {path} ({str(problem)[:120]}): export it to ONNX where it was trained."
        ) from problem
    return made


def refuse_strange_code(path: Path) -> None:
    """Looks through the pickle inside a .pt file without running it.

    Raises:
        CheckpointError: naming the first thing that it would call and that weights have no need of.
    """
    strange = [name for name in names_in(path) if not _trusted(name)]
    if strange:
        raise CheckpointError(
            f"{path} would run {strange[0]} when it is loaded, which no detector's weights need: nothing of it was "
            "run; get the weights from whoever trained them, as ONNX."
        )


def names_in(path: Path) -> list[str]:
    """All classes and functions that the pickle of a .pt file names, `module.name`, in their order; nothing is run.

    Raises:
        CheckpointError: if it is no torch zip archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            inner = [name for name in archive.namelist() if name.endswith("data.pkl")]
            content = archive.read(inner[0])
    except (OSError, IndexError, zipfile.BadZipFile):
        raise CheckpointError(f"{path} is no weights file as torch writes it: give a best.pt, or an .onnx.") from None
    reader = _NameReader(io.BytesIO(content))
    try:
        reader.load()
    except Exception as problem:
        raise CheckpointError(
            f"{path} cannot be read through ({str(problem)[:80]}): export it to ONNX where it was trained."
        ) from problem
    return reader.names


def _trusted(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return attribute in TRUSTED_BUILTINS
    if module == "copyreg" or module == "_codecs":
        return attribute in ("_reconstructor", "encode")
    if any(module == part or module.startswith(part + ".") for part in FORBIDDEN):
        return False
    return module.split(".")[0] in TRUSTED_ROOMS


class _PickleStub:
    """Stands for everything that a pickle names: can be called, filled and set, and does nothing."""

    def __new__(cls, *values: Any, **named: Any) -> "_PickleStub":
        return object.__new__(cls)

    def __init__(self, *values: Any, **named: Any) -> None:
        pass

    def __call__(self, *values: Any, **named: Any) -> "_PickleStub":
        return _PickleStub()

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __hash__(self) -> int:
        return id(self)

    def append(self, value: Any) -> None:
        """Lists are filled so."""

    def extend(self, values: Any) -> None:
        """And so."""

    def add(self, value: Any) -> None:
        """Sets are filled so."""


class _NameReader(pickle.Unpickler):
    """Goes through a pickle and notes what it names; every name becomes a husk."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.names: list[str] = []

    def find_class(self, module: str, name: str) -> Any:
        """Notes the name; imports nothing."""
        self.names.append(f"{module}.{name}")
        return _PickleStub

    def persistent_load(self, key: Any) -> Any:
        """Tensors' storages; left where they are."""
        return _PickleStub()
