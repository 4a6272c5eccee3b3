"""Mouse and keyboard: listening, injecting, and releasing what is held."""
