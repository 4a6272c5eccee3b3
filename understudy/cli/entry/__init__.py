"""What surrounds every verb: exit codes for whatever ends it, and output that takes any character."""
