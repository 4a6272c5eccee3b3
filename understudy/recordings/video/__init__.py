"""The video of a recording: the pictures that perception saw, as a second MCAP file beside the recording's own."""
