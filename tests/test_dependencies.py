"""Every package that the code imports is declared, pinned and has its licence noted; nothing else is declared."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

OURS = {"understudy", "darkorbit_bot"}
ELSEWHERE = {
    "av": "av",
    "dxcam": "dxcam",
    "pynput": "pynput",
    "Quartz": "pynput",
    "ApplicationServices": "pynput",
    "sklearn": "scikit-learn",
    "ultralytics": "ultralytics",
}
"""Modules of packages that an installation may lack, or that are for other platforms -> who brings them."""
IMPORTED_THROUGH_OTHERS = {"tensorboard", "onnx"}  # by torch.utils.tensorboard, and by torch.onnx
OTHER_BUILDS = {"onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"}  # all imported as onnxruntime


def normal(name: str) -> str:
    return name.lower().replace("_", "-")


def declared(project_root: Path) -> set[str]:
    """Names of the packages that an installation brings in, with every extra but the developers'."""
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [part for name, part in project["optional-dependencies"].items() if name != "dev"]
    return {
        normal(requirement.partition(";")[0].partition("=")[0].rstrip("<>=~! "))
        for part in (project["dependencies"], *extras)
        for requirement in part
    }


def imported(project_root: Path) -> set[str]:
    """Names of the packages that hold the modules imported anywhere in the code, lazily too."""
    modules = set()
    for source in (project_root / "understudy").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    owners = packages_distributions()
    wanted = modules - OURS - set(sys.stdlib_module_names)
    return {normal(ELSEWHERE[module] if module in ELSEWHERE else owners[module][0]) for module in wanted}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(project_root: Path) -> None:
    assert imported(project_root) | IMPORTED_THROUGH_OTHERS | OTHER_BUILDS == declared(project_root)


def test_torch_may_be_another_one_than_the_pinned(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "torch>=2.6,<3" in project["dependencies"]


def test_every_dependency_is_pinned_and_its_licence_noted(project_root: Path) -> None:
    pins = (project_root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(pin.partition("==")[0]) for pin in pins}
    noted = {
        normal(line.split("|")[1].strip())
        for line in (project_root / "docs" / "licences.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| package")
    }
    assert declared(project_root) <= pinned
    assert noted == declared(project_root)
