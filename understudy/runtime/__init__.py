"""See, decide, act, tell, at the right time."""
