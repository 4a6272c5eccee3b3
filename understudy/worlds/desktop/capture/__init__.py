"""Screen capture and checks of what was captured."""
