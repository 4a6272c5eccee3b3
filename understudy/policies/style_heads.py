"""Style heads: one Executor with two sets of output weights, for the person's recent style and for the base style.

The two styles act differently in the same scene, so a single set of output weights averages them, whatever the loss
(docs/log.md). The object encoder is shared; the style-specific layers exist twice. The Executor's own weights play;
those of the base style are stored beside them (`ExecutorConfig.earlier`), are trained by rehearsal on the base
recordings, and can be swapped with the first.
"""

import copy
import dataclasses

from torch import Tensor, nn
from torch.func import functional_call

from understudy.policies.executor import EARLIER, Executor, ExecutorConfig, ExecutorOutput, is_style_specific


def with_base_style(executor: Executor) -> Executor:
    """Returns a copy that plays the recent style and holds the base style, which starts equal if there was none."""
    if executor.config.exchanged:
        return swap_styles(executor)
    if executor.config.earlier:
        return copy.deepcopy(executor)
    weights = executor.state_dict()
    stored = {_stored_name(name): weights[name] for name in weights if is_style_specific(name)}
    return _with_weights(executor, dataclasses.replace(executor.config, earlier=True), weights | stored)


def base_style(executor: Executor) -> nn.Module:
    """Returns a view of an Executor that plays its base style with shared weights; the Executor itself if it does."""
    return _BaseStyleView(executor) if executor.config.earlier and not executor.config.exchanged else executor


def swap_styles(executor: Executor) -> Executor:
    """Returns a copy of an Executor with two styles that plays the other one."""
    weights = executor.state_dict()
    own = [name for name in weights if is_style_specific(name)]
    other = {name: weights[_stored_name(name)] for name in own} | {_stored_name(name): weights[name] for name in own}
    config = dataclasses.replace(executor.config, exchanged=not executor.config.exchanged)
    return _with_weights(executor, config, weights | other)


def _with_weights(executor: Executor, config: ExecutorConfig, weights: dict[str, Tensor]) -> Executor:
    copied = Executor(config).to(next(executor.parameters()).device)
    copied.load_state_dict(weights)
    return copied.train(executor.training)


class _BaseStyleView(nn.Module):
    """Runs an Executor with the weights of the style that does not play."""

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.executor = executor

    def forward(self, *arguments: Tensor) -> ExecutorOutput:
        weights = {name.replace("__", "."): value for name, value in self.executor.earlier.items()}
        output: ExecutorOutput = functional_call(self.executor, weights, arguments)
        return output


def _stored_name(name: str) -> str:
    return EARLIER + name.replace(".", "__")
