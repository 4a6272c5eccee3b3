"""Tells Gymnasium that the embedded game exists, without importing the game."""

from gymnasium.envs.registration import register as register_with_gymnasium
from gymnasium.envs.registration import registry

ENVIRONMENT = "understudy/DarkOrbit-v0"
ROOM = "understudy.worlds.simulator.gym"


def register() -> None:
    """Registers the environment, single and vector; may be called again.

    Gymnasium calls this itself, as the entry point `understudy` of the group `gymnasium.envs`, where understudy is
    installed.
    """
    if ENVIRONMENT not in registry:
        register_with_gymnasium(
            ENVIRONMENT,
            entry_point=f"{ROOM}:DarkOrbit",
            vector_entry_point=f"{ROOM}:DarkOrbitVector",
            max_episode_steps=2400,
        )
