"""Small ONNX files of detectors that answer the same to every picture, or nothing ever, or too much."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = "{0: 'alien', 1: 'box'}"
TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}
ENDLESS = 2**62


def write_model(
    path: Path,
    rows: np.ndarray,
    names: str | None = NAMES,
    shape: tuple[Any, ...] = (1, 3, 64, 128),
    kind: str = "float32",
    metadata: dict[str, str] | None = None,
) -> Path:
    """A model that answers `rows` to every picture, whatever it shows; it looks at all of it."""
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["output0"]),
    ]
    constants = {"rows": rows.astype(np.float32), "zero": np.float32(0)}
    return save_graph(path, nodes, constants, rows.shape, names, shape, kind, metadata)


def write_brightness_model(path: Path, kind: str = "float32") -> Path:
    """A model whose one box is as sure as the picture's brightest number, 0 to 1."""
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "scale"], ["score"]),
        helper.make_node("Mul", ["scores", "score"], ["scored"]),
        helper.make_node("Add", ["boxes", "scored"], ["output0"]),
    ]
    boxes = np.array([64, 32, 32, 16, 0, 0], np.float32)[None, :, None]
    scores = np.array([0, 0, 0, 0, 1, 0], np.float32)[None, :, None]
    scale = np.float32(1 / 255 if kind == "uint8" else 1)
    return save_graph(path, nodes, {"boxes": boxes, "scores": scores, "scale": scale}, (1, 6, 1), kind=kind)


def write_endless_model(path: Path) -> Path:
    """A model whose loop does not end."""
    number = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Add", ["sum", "sum"], ["sums"])],
        "body",
        [
            number("turn", TensorProto.INT64, []),
            number("go", TensorProto.BOOL, []),
            number("sum", TensorProto.FLOAT, []),
        ],
        [number("goes", TensorProto.BOOL, []), number("sums", TensorProto.FLOAT, [])],
    )
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0),
        helper.make_node("Loop", ["turns", "yes", "most"], ["last"], body=body),
        helper.make_node("Mul", ["last", "rows"], ["output0"]),
    ]
    constants = {"turns": np.int64(ENDLESS), "yes": np.bool_(True), "rows": np.zeros((1, 6, 9), np.float32)}
    return save_graph(path, nodes, constants, (1, 6, 9))


def write_large_model(path: Path, side: int, folded: bool) -> Path:
    """A file of 400 bytes that makes side x side numbers, when it is loaded or when it is run."""
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0),
        helper.make_node("Expand", ["one" if folded else "most", "sides"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["largest"], keepdims=0),
        helper.make_node("Add", ["largest", "most"], ["sum"]),
        helper.make_node("Mul", ["sum", "rows"], ["output0"]),
    ]
    constants = {"one": np.float32(1), "sides": np.array([side, side]), "rows": np.zeros((1, 6, 9), np.float32)}
    return save_graph(path, nodes, constants, (1, 6, 9))


def save_graph(
    path: Path,
    nodes: list[Any],
    constants: dict[str, Any],
    answer: tuple[int, ...],
    names: str | None = NAMES,
    shape: tuple[Any, ...] = (1, 3, 64, 128),
    kind: str = "float32",
    metadata: dict[str, str] | None = None,
) -> Path:
    """A model of one input `images` and one output `output0`."""
    graph = helper.make_graph(
        nodes,
        "made up",
        [helper.make_tensor_value_info("images", TYPES[kind], list(shape))],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(answer))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    said = {"imgsz": "[64, 128]", **({} if names is None else {"names": names}), **(metadata or {})}
    helper.set_model_props(model, said)
    onnx.save(model, path)
    return path
