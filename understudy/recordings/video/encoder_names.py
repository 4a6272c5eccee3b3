"""Names of the selectable video encoders. Imports nothing heavy, so the command line can use them in its flags."""

from typing import Literal

EncoderName = Literal["auto", "libopenh264", "libvpx-vp9", "libx264"]
FREE_OF_GPL = ("libopenh264", "libvpx-vp9")
"""Preference order of `auto`: the first that the installed PyAV has. libx264 is GPL, so it must be chosen by name."""
