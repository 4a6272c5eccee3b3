"""Screen capture and checks of the captured frames."""
