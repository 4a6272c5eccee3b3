"""Receives raw input events: separates our own from the person's, and stops at once on the stop key or a corner.

The stop key and the mouse thrown into a corner take effect on the raw listener's own thread, whatever the control
thread is doing; all other events are queued until the control thread takes them.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from understudy.contract.profile import DEFAULT_HOTKEYS, Hotkeys
from understudy.contract.protocols import event_code
from understudy.worlds.desktop.input.raw_input import LOST, RawInput
from understudy.worlds.desktop.windows.window_system import Area

STOP_KEY = "f3"
CORNER_PIXELS = 2


class InputListener:
    """Queues input events for one world. The raw listener's thread calls `on_event`, the control thread the rest."""

    def __init__(
        self,
        commands: Sequence[str],
        corners_of: Sequence[Area] = (),
        hotkeys: Hotkeys | None = None,
    ) -> None:
        """Args:
        commands: keys that control us and not the game, by their default names; the stop key is always one.
        corners_of: monitors in whose corners the mouse triggers a stop; none by default.
        hotkeys: the keys that are used in place of the default ones.
        """
        self._corners_of = tuple(corners_of)
        wanted = frozenset(commands) | {STOP_KEY}
        named = zip((hotkeys or Hotkeys()).names, DEFAULT_HOTKEYS, strict=True)
        self._commands: dict[str, str] = {code: code for code in wanted - set(DEFAULT_HOTKEYS)}
        self._commands |= {used: default for used, default in named if default in wanted}
        self._command_codes = {event_code(used): default for used, default in self._commands.items()}
        self.on_stop: Callable[[str], None] = lambda why: None
        """Called with the reason, in a few words, on the raw listener's thread; must not block."""
        self._events: deque[RawInput] = deque()
        self._commands_pressed: deque[RawInput] = deque()
        self._down: set[str] = set()
        self.touched_s = float("-inf")
        """Time of the person's last mouse or keyboard event, monotonic seconds."""
        self.num_own, self.num_others = 0, 0

    @property
    def command_keys(self) -> tuple[str, ...]:
        """The keys that control us, as they are on the keyboard."""
        return tuple(self._commands)

    def forget(self) -> None:
        """Drops the queued events, so that keys pressed during start-up have no effect."""
        self._events.clear()
        self._commands_pressed.clear()

    @property
    def holding(self) -> bool:
        """Whether the person holds a button or key down."""
        return bool(self._down)

    def on_event(self, event: RawInput) -> None:
        """Handles one event."""
        if event.kind == LOST:  # without events it could not be stopped any more
            self.on_stop("mouse and keyboard are no longer heard")
            return
        if event.own:
            self.num_own += 1
            self._events.append(event)
            return
        if event.code in self._command_codes:
            self._handle_command(event)
            return
        self.num_others += 1
        self.touched_s = max(self.touched_s, event.time_s)
        if event.kind == "press":
            self._down.add(event.code)
        elif event.kind == "release":
            self._down.discard(event.code)
        elif any(area.corner_at(event.x, event.y, CORNER_PIXELS) for area in self._corners_of):
            self.on_stop("the mouse was thrown into a corner")
        self._events.append(event)

    def take(self, until_s: float) -> list[RawInput]:
        """Removes and returns the queued events up to a time, monotonic seconds."""
        taken: list[RawInput] = []
        while self._events and self._events[0].time_s <= until_s:
            taken.append(self._events.popleft())
        return taken

    def take_commands(self) -> list[RawInput]:
        """Removes and returns the queued presses of command keys other than the stop key."""
        taken: list[RawInput] = []
        while self._commands_pressed:
            taken.append(self._commands_pressed.popleft())
        return taken

    def _handle_command(self, event: RawInput) -> None:
        if event.kind != "press":
            return
        command = replace(event, code=self._command_codes[event.code])
        if command.code == STOP_KEY:
            self.on_stop(f"{event.code.upper()} was pressed")
        else:
            self._commands_pressed.append(command)
