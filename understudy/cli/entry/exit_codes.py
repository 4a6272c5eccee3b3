"""Exit codes of every command; without imports, so that the guide's scripts can run on a Python without libraries."""

EXIT_OK, EXIT_MISTAKE, EXIT_INTERRUPTED = 0, 2, 130
