"""The encoders that can be asked for. Nothing is imported here, so the command line may name them in its flags."""

from typing import Literal

EncoderName = Literal["auto", "libopenh264", "libvpx-vp9", "libx264"]
FREE_OF_GPL = ("libopenh264", "libvpx-vp9")
"""What `auto` takes, the first that the installed PyAV carries. libx264 is GPL, so it has to be named."""
