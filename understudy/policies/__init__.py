"""The three policies (Strategist, Tactician, Executor), their inputs and outputs, and the motor model."""
