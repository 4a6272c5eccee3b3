"""The local web page of `understudy studio`: recordings, corrections, training, the gate and object kinds."""
