"""What an earlier version of this project wrote and computed: the present one has to open and compute the same."""
