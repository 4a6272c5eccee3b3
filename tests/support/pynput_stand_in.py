"""A package called `pynput`, as its documentation describes it: listeners whose callbacks a test calls.

It is laid over `sys.modules`, because pynput is not installed on Linux, where nothing of ours uses it.
"""

import sys
import types
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest


class Button(Enum):
    """Mouse buttons by pynput's names."""

    left = 1
    right = 2
    middle = 3


class KeyCode:
    """A key with a character."""

    def __init__(self, char: str) -> None:
        self.char = char

    @classmethod
    def from_char(cls, char: str) -> "KeyCode":
        return cls(char)


Key = Enum("Key", "space ctrl ctrl_l ctrl_r shift shift_l shift_r f5 left right")


class Listener:
    """Takes callbacks by keyword; a test finds them in `callbacks`."""

    def __init__(self, **callbacks: Callable[..., Any]) -> None:
        self.callbacks = callbacks
        self.runs = False

    def start(self) -> None:
        self.runs = True

    def wait(self) -> None:
        assert self.runs

    def stop(self) -> None:
        self.runs = False

    def join(self) -> None:
        assert not self.runs


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `from pynput import keyboard, mouse` find the stand-in for the rest of a test."""
    package = types.ModuleType("pynput")
    keyboard, mouse = types.ModuleType("pynput.keyboard"), types.ModuleType("pynput.mouse")
    keyboard.__dict__.update(Key=Key, KeyCode=KeyCode, Listener=Listener, Controller=object)
    mouse.__dict__.update(Button=Button, Listener=Listener, Controller=object)
    package.__dict__.update(keyboard=keyboard, mouse=mouse)
    for name, module in (("pynput", package), ("pynput.keyboard", keyboard), ("pynput.mouse", mouse)):
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("pynput_listener", "pynput_injector"):
        monkeypatch.delitem(sys.modules, f"understudy.worlds.desktop.input.{name}", raising=False)
