"""`understudy weights`: changes and lists the weights that play."""
