"""When a press comes: a distribution over the ticks from a gesture's onset to its press."""
