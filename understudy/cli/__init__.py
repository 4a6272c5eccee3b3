"""The command line: one dataclass a verb."""
