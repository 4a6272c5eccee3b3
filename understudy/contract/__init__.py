"""Types shared by all packages: observations, actions, intents, protocols, profiles, serialization, errors."""
