"""Outcomes inferred from consecutive observations: one set of rules, for rewards, the gate and games without a log."""
