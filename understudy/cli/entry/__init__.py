"""Code around every verb: exit codes, and output that accepts any character."""
