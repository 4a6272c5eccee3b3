"""Video of a recording: the frames that perception processed, as a second MCAP file beside the recording."""
