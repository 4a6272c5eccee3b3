"""Maps the key names of profiles to X11 keysyms and to pynput's names."""

from understudy.contract.errors import WorldError

_X11 = {
    "ctrl": ("Control_L", "Control_R"),
    "shift": ("Shift_L", "Shift_R"),
    "alt": ("Alt_L", "Alt_R"),
    "enter": ("Return", "KP_Enter"),
    "esc": ("Escape",),
    "tab": ("Tab",),
    "backspace": ("BackSpace",),
    "page_up": ("Prior",),
    "page_down": ("Next",),
    "caps_lock": ("Caps_Lock",),
    "-": ("minus",),
    "+": ("plus",),
    "=": ("equal",),
    ",": ("comma",),
    ".": ("period",),
    "/": ("slash",),
    "\\": ("backslash",),
    ";": ("semicolon",),
    "'": ("apostrophe",),
    "`": ("grave",),
    "[": ("bracketleft",),
    "]": ("bracketright",),
}
_CAPITALISED = ("left", "right", "up", "down", "home", "end", "insert", "delete")
PYNPUT_SIDES = {"ctrl": ("ctrl", "ctrl_l", "ctrl_r"), "shift": ("shift", "shift_l", "shift_r")} | {
    "alt": ("alt", "alt_l", "alt_r", "alt_gr")
}


def x11_keysyms(name: str) -> tuple[str, ...]:
    """Returns the keysym names of a key, the one to press first; both sides of a modifier are one key.

    Raises:
        WorldError: if the name is unknown.
    """
    if name in _X11:
        return _X11[name]
    if name in _CAPITALISED:
        return (name.capitalize(),)
    if name == "space" or (len(name) == 1 and name.isascii() and name.isalnum()):
        return (name,)
    if name[:1] == "f" and name[1:].isdigit() and 1 <= int(name[1:]) <= 24:
        return (name.upper(),)
    raise WorldError(
        f"The game profile names a key {name!r} that is not known: expected such as space, ctrl, a, 1 or f5"
    )
