"""The words every room speaks: observations, actions, intents, protocols, profiles, wire format, errors."""
