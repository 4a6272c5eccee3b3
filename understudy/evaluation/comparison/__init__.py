"""Statistics of paired comparisons: bootstrap, sequential tests, tables of results."""
