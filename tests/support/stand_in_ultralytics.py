"""A small package called `ultralytics`: it loads weights with full trust and builds models from text, as that does."""

from pathlib import Path

FILES = {
    "__init__.py": """
import torch
from pathlib import Path

class YOLO:
    def __init__(self, path):
        self.path = Path(path)
        content = torch.load(path, map_location="cpu", weights_only=False)
        self.model = content.get("ema") or content["model"]

    def export(self, format, simplify, device):
        if getattr(self.model, "names", None) is None:
            raise TypeError("a model without names")
        target = self.path.with_suffix(".onnx")
        target.write_bytes(b"converted " + str(sorted(self.model.names.values())).encode())
        return str(target)
""",
    "nn/__init__.py": "",
    "nn/tasks.py": """
import os
import torch

class DetectionModel(torch.nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.names = eval(settings)
        self.layer = torch.nn.Linear(3, 2)

def attempt_load(path):
    os.mkdir(path)

class Loader:
    def __init__(self, path):
        os.mkdir(path)
""",
    "utils/__init__.py": """
from types import SimpleNamespace

class IterableSimpleNamespace(SimpleNamespace):
    pass
""",
}


def write_stand_in(folder: Path) -> Path:
    """Writes the package; returns the folder to import it from."""
    for name, text in FILES.items():
        path = folder / "ultralytics" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
