"""Playing seeded worlds and measuring how they were played."""
