"""Policy rollouts in seeded worlds, with episode statistics and style metrics."""
