"""The guide's front doors, version 2."""
