"""Mutations of an ONNX detector: of its bytes, its graph, its input, its rows and what it says of itself."""

import contextlib
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_case import Fuzz, WrongAcceptance
from onnx import TensorProto, helper, numpy_helper

from understudy.perception.onnx_detector import OnnxDetector

HEIGHT, WIDTH = 64, 128
CELLS = 8 * 16 + 4 * 8 + 2 * 4
NAMES = "{0: 'alien', 1: 'box'}"
BOXES = ((40.0, 20.0, 16.0, 8.0, 0.9, 1), (64.0, 32.0, 24.0, 24.0, 0.8, 0))
"""Centre, size, score, class."""
ODD_NUMBERS = (math.nan, math.inf, -math.inf, -1.0, 0.5, 2.0, 1e9, 1e30, -80.0, 0.0)
ODD_SHAPES: tuple[tuple[Any, ...], ...] = (
    *((1, 3, 10**6, 10**6), (4, 3, 64, 128), (1, 1, 64, 128), (1, 64, 128, 3), (1, 3, 0, 0), (1, 3, 16, 4096)),
    *((1, 3, "h", "w"), ("b", "c", "h", "w"), (1, 3, 2048, 2048), (1, 3, 64), (), (1, 3, 64, 128, 1), (-1, 3, -1, -1)),
)
ODD_NAMES = (
    *("", "{}", "[]", "3", "{1: 'a', 2: 'b'}", "['a']", "['a', 'b', 'c']", '{"0": "a", "1": "b"}', "[" * 9999),
    *("__import__('os').mkdir('executed')", "-" * 9999, "['\\x1b[31m', 'b']", "{0: 'a', 0: 'b'}", "x" * 10**6),
)
ODD_SIZES = ("[64, 128]", "64", "[0, 0]", "[1000000, 1000000]", "[1e400, 1]", "", "[-64, 128]", "[64]", "nan")
LAYOUTS = ("cells", "rows", "objectness", "corners", "fractions")


def rows_of(layout: str, num_classes: int = 2) -> np.ndarray:
    """What the made-up model puts out: two boxes, in one of the layouts that people export."""
    if layout == "corners":
        ended = np.zeros((1, 300, 6), np.float32)
        for number, (x, y, width, height, score, label) in enumerate(BOXES):
            ended[0, number] = x - width / 2, y - height / 2, x + width / 2, y + height / 2, score, label
        return ended
    extra = 1 if layout == "objectness" else 0
    rows = np.zeros((1, CELLS * (3 if extra else 1), 4 + extra + num_classes), np.float32)
    for number, (*box, score, label) in enumerate(BOXES):
        rows[0, number, :4] = box
        rows[0, number, 4 : 4 + extra] = 1.0
        rows[0, number, 4 + extra + label] = score
    if layout == "fractions":
        rows[..., :4] /= (WIDTH, HEIGHT, WIDTH, HEIGHT)
    return rows if layout in ("rows", "objectness") else np.ascontiguousarray(rows.transpose(0, 2, 1))


def make_onnx(folder: Path) -> bytes:
    """A model that answers with two boxes of the newer layout."""
    return _model(rows_of("cells")).SerializeToString()


def _model(rows: np.ndarray, shape: tuple[Any, ...] = (1, 3, HEIGHT, WIDTH), kind: int = TensorProto.FLOAT) -> Any:
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["output0"]),
    ]
    constants = [numpy_helper.from_array(rows, "rows"), numpy_helper.from_array(np.float32(0), "zero")]
    graph = helper.make_graph(
        nodes,
        "made up",
        [helper.make_tensor_value_info("images", kind, list(shape))],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, None)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"names": NAMES, "imgsz": f"[{HEIGHT}, {WIDTH}]", "task": "detect"})
    return model


def mutate_onnx(good: bytes, chooser: random.Random) -> bytes:
    """Changes bytes, or what the model takes, does, puts out and says."""
    if chooser.random() < 0.25:
        return _flip_bytes(good, chooser)
    rows = rows_of(chooser.choice(LAYOUTS))
    for _ in range(chooser.choice((0, 1, 1, 3))):
        rows[tuple(chooser.randrange(size) for size in rows.shape)] = chooser.choice(ODD_NUMBERS)
    shape: tuple[Any, ...] = (1, 3, HEIGHT, WIDTH)
    kind = TensorProto.FLOAT
    if chooser.random() < 0.25:
        shape = chooser.choice(ODD_SHAPES)
    if chooser.random() < 0.2:
        kind = chooser.choice((TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.INT32, TensorProto.DOUBLE, 99))
    with contextlib.suppress(Exception):  # a type that there is none of
        model = _model(rows, shape, kind)
        for _ in range(chooser.choice((0, 1, 1, 2))):
            _change_graph(model, chooser)
        return model.SerializeToString()
    return _flip_bytes(good, chooser)


def _flip_bytes(good: bytes, chooser: random.Random) -> bytes:
    content = bytearray(good)
    for _ in range(chooser.choice((1, 2, 20))):
        at = chooser.randrange(max(1, len(content)))
        match chooser.randrange(3):
            case 0:
                content[at : at + 1] = chooser.randbytes(1)
            case 1:
                del content[at : at + chooser.choice((1, 30, 3000))]
            case 2:
                content[at:at] = chooser.randbytes(chooser.choice((1, 8, 500)))
    return bytes(content)


def _change_graph(model: Any, chooser: random.Random) -> None:
    graph = model.graph
    match chooser.randrange(10):
        case 0 | 1:
            names = {"names": chooser.choice(ODD_NAMES), "imgsz": chooser.choice(ODD_SIZES)}
            helper.set_model_props(model, names if chooser.random() < 0.7 else {})
        case 2:
            _add_endless_loop(graph)
        case 3:
            _add_large(graph, chooser)
        case 4:
            del graph.node[chooser.randrange(len(graph.node))]
        case 5:
            graph.node[chooser.randrange(len(graph.node))].op_type = chooser.choice(
                ("Exp", "Sqrt", "Nowhere", "If", "")
            )
        case 6:
            graph.initializer[0].dims[-1] = chooser.choice((0, 5, 10**9, -1))
        case 7:
            rows = graph.initializer[0]
            rows.ClearField("raw_data")
            rows.data_location = TensorProto.EXTERNAL
            entry = rows.external_data.add()
            entry.key, entry.value = (
                "location",
                chooser.choice(("/etc/passwd", "../case.onnx", "/dev/zero", "case.onnx")),
            )
        case 8:
            graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
        case 9:
            model.opset_import[0].version = chooser.choice((0, 1, 5, 22, 99, -3))


def _add_endless_loop(graph: Any) -> None:
    taken = (("turn", TensorProto.INT64), ("go", TensorProto.BOOL), ("sum", TensorProto.FLOAT))
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Identity", ["sum"], ["sums"])],
        "body",
        [helper.make_tensor_value_info(name, kind, []) for name, kind in taken],
        [helper.make_tensor_value_info("goes", TensorProto.BOOL, []), helper.make_tensor_value_info("sums", 1, [])],
    )
    graph.initializer.append(numpy_helper.from_array(np.int64(2**62), "turns"))
    graph.initializer.append(numpy_helper.from_array(np.bool_(True), "yes"))
    loop = helper.make_node("Loop", ["turns", "yes", "most"], ["looped"], body=body)
    graph.node.insert(2, loop)
    graph.node[3].input[0] = "looped"


def _add_large(graph: Any, chooser: random.Random) -> None:
    side = chooser.choice((20_000, 100_000, 10**7))
    graph.initializer.append(numpy_helper.from_array(np.array([side, side]), "sides"))
    source = chooser.choice(("zero", "most"))
    graph.node.insert(2, helper.make_node("Expand", [source, "sides"], ["large"]))
    graph.node.insert(3, helper.make_node("ReduceMax", ["large"], ["largest"], keepdims=0))
    graph.node[4].input[0] = "largest"


def open_onnx(path: Path) -> None:
    """Opens it as a detector and looks at two pictures."""
    detector = OnnxDetector(path)
    for brightness in (0, 200):
        found = detector.detect(np.full((HEIGHT, WIDTH, 3), brightness, np.uint8))
        _expect_sane(found, len(detector.names))


def _expect_sane(found: np.ndarray, num_classes: int) -> None:
    for name in ("confidence", "x", "y", "width", "height"):
        if not np.isfinite(found[name]).all():
            raise WrongAcceptance(f"{name} is {found[name].tolist()}")
    if len(found) and not ((found["width"] > 0) & (found["height"] > 0)).all():
        raise WrongAcceptance(f"boxes of no size: {found.tolist()}")
    if not ((found["label"] >= 0) & (found["label"] < num_classes)).all():
        raise WrongAcceptance(f"labels {found['label'].tolist()} of {num_classes} classes")
    if not ((found["confidence"] >= 0) & (found["confidence"] <= 1)).all():
        raise WrongAcceptance(f"confidences {found['confidence'].tolist()}")
    known = {(round(x / WIDTH, 2), round(y / HEIGHT, 2)) for x, y, *_ in BOXES}
    places = {(round(float(one["x"]), 2), round(float(one["y"]), 2)) for one in found}
    if len(places - known) > 2:
        raise WrongAcceptance(f"boxes at {sorted(places)[:4]} where {sorted(known)} were put")


ONNX_FUZZ = Fuzz("onnx", ".onnx", make_onnx, mutate_onnx, open_onnx)
