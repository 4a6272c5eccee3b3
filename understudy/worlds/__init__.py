"""Everything that can be seen and acted upon."""
