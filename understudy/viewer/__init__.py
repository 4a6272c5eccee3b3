"""What the understudy sees and thinks, drawn."""
