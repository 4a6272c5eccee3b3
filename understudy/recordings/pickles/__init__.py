"""Recordings as pickles: format, restricted unpickler and its interpreter."""
