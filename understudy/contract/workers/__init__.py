"""Worker pools: who carries out the independent parts of a job."""
