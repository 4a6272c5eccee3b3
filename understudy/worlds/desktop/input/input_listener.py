"""Where the watcher leaves what it hears: feels the person's touch, and reacts at once to what must not wait.

The stop key and the mouse thrown into a corner are obeyed on the watcher's own thread, whatever the thread that plays
is doing; everything else waits for that one to ask.
"""

from collections import deque
from collections.abc import Callable, Sequence

from understudy.worlds.desktop.input.raw_input import LOST, RawInput
from understudy.worlds.desktop.windows.window_system import Area

STOP_KEY = "f3"
CORNER_PIXELS = 2


class InputListener:
    """Hears for one world. `hear` is called on the watcher's thread, the rest on the one that plays."""

    def __init__(
        self,
        commands: Sequence[str],
        corners_of: Sequence[Area] = (),
    ) -> None:
        """Args:
        commands: keys that are meant for us and not for the game; the stop key is always one.
        corners_of: the monitors into whose corners the mouse can be thrown to stop; none by default.
        """
        self._commands, self._corners_of = frozenset(commands) | {STOP_KEY}, tuple(corners_of)
        self.on_stop: Callable[[str], None] = lambda why: None
        """Is called with the reason, in a few words, on the watcher's thread; must not block."""
        self._heard: deque[RawInput] = deque()
        self._asked: deque[RawInput] = deque()
        self._down: set[str] = set()
        self.touched_s = float("-inf")
        """When the person last touched mouse or keyboard."""
        self.num_own, self.num_others = 0, 0

    @property
    def holding(self) -> bool:
        """Whether the person holds a button or key down."""
        return bool(self._down)

    def hear(self, heard: RawInput) -> None:
        """Takes in one event."""
        if heard.kind == LOST:  # nobody could stop it any more
            self.on_stop("mouse and keyboard are no longer heard")
            return
        if heard.own:
            self.num_own += 1
            self._heard.append(heard)
            return
        if heard.code in self._commands:
            self._obey(heard)
            return
        self.num_others += 1
        self.touched_s = max(self.touched_s, heard.time_s)
        if heard.kind == "press":
            self._down.add(heard.code)
        elif heard.kind == "release":
            self._down.discard(heard.code)
        elif any(area.corner_at(heard.x, heard.y, CORNER_PIXELS) for area in self._corners_of):
            self.on_stop("the mouse was thrown into a corner")
        self._heard.append(heard)

    def take(self, until_s: float) -> list[RawInput]:
        """What happened until a moment and was not taken yet."""
        taken: list[RawInput] = []
        while self._heard and self._heard[0].time_s <= until_s:
            taken.append(self._heard.popleft())
        return taken

    def take_commands(self) -> list[RawInput]:
        """Presses of the keys that are meant for us, but for the stop key's, since this was last called."""
        taken: list[RawInput] = []
        while self._asked:
            taken.append(self._asked.popleft())
        return taken

    def _obey(self, heard: RawInput) -> None:
        if heard.kind != "press":
            return
        if heard.code == STOP_KEY:
            self.on_stop(f"{STOP_KEY.upper()} was pressed")
        else:
            self._asked.append(heard)
