"""Mouse and keyboard: listening to events, injecting events, and releasing held inputs."""
