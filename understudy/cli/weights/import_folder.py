"""`understudy import`: reads an exported folder back to checkpoints that play."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.results.json_output import JsonFlag


@dataclass(frozen=True, kw_only=True)
class Import(JsonFlag):
    """Read a folder of understudy export back to policies that play; nothing in it is run."""

    folder: Annotated[Path, tyro.conf.Positional]
    """Exported folder."""
    models: OutputFolder = Path("models/imported")
    """Folder for the three policies; one in which others play is refused."""


def run(command: Import) -> None:
    """Writes the checkpoints, the executor's last, and prints what plays there now.

    Raises:
        CheckpointError: if the exported folder is not usable, or other policies are in the way.
    """
    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.weights import ImportedPolicies
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import CheckpointError
    from understudy.policies.checkpoint import BEST, load_checkpoint, save_checkpoint
    from understudy.policies.exchange.import_folder import import_policies

    levels = import_policies(command.folder)
    paths = {policy: command.models / policy / BEST for policy in levels}
    for policy, path in paths.items():
        if path.exists() and load_checkpoint(path, policy).identity != levels[policy].identity:
            raise CheckpointError(f"{path} holds other weights: name another folder with --models, or move them away.")
    for policy, path in paths.items():
        save_checkpoint(path, levels[policy])
    console = Console(soft_wrap=True)
    for policy, level in levels.items():
        console.print(f"{policy} {level.identity}", highlight=False)
    console.print(f"understudy run --models {command.models}  plays them.", highlight=False, markup=False)
    if command.json:
        identities = {policy: level.identity for policy, level in levels.items()}
        print_result("import", ImportedPolicies(models=command.models, identities=identities))
