"""One Executor with two manners of play: how the person plays lately, and how they played in the base recordings.

Two manners answer the same scene differently, so one set of numbers can only lie between them, however it is learnt
(docs/log.md). What sees the objects is shared; what is made of them is held twice. What plays is the Executor itself;
the numbers of the earlier manner lie beside it (`ExecutorConfig.earlier`), are rehearsed from the base recordings, and
can be exchanged for the others.
"""

import copy
import dataclasses

from torch import Tensor, nn
from torch.func import functional_call

from understudy.policies.executor import EARLIER, Executor, ExecutorConfig, ExecutorOutput, is_style_specific


def with_base_style(executor: Executor) -> Executor:
    """A copy that plays the newer manner and holds the earlier one: the same, where it did not hold any."""
    if executor.config.exchanged:
        return swap_styles(executor)
    if executor.config.earlier:
        return copy.deepcopy(executor)
    weights = executor.state_dict()
    beside = {_beside(name): weights[name] for name in weights if is_style_specific(name)}
    return _made(executor, dataclasses.replace(executor.config, earlier=True), weights | beside)


def base_style(executor: Executor) -> nn.Module:
    """An Executor's earlier manner, sharing its numbers; the Executor itself, where that is what it plays."""
    return _BaseStyleView(executor) if executor.config.earlier and not executor.config.exchanged else executor


def swap_styles(executor: Executor) -> Executor:
    """A copy of an Executor with two manners that plays the other one."""
    weights = executor.state_dict()
    own = [name for name in weights if is_style_specific(name)]
    other = {name: weights[_beside(name)] for name in own} | {_beside(name): weights[name] for name in own}
    config = dataclasses.replace(executor.config, exchanged=not executor.config.exchanged)
    return _made(executor, config, weights | other)


def _made(executor: Executor, config: ExecutorConfig, weights: dict[str, Tensor]) -> Executor:
    made = Executor(config).to(next(executor.parameters()).device)
    made.load_state_dict(weights)
    return made.train(executor.training)


class _BaseStyleView(nn.Module):
    """Answers with the manner that does not play."""

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self.executor = executor

    def forward(self, *arguments: Tensor) -> ExecutorOutput:
        numbers = {name.replace("__", "."): value for name, value in self.executor.earlier.items()}
        said: ExecutorOutput = functional_call(self.executor, numbers, arguments)
        return said


def _beside(name: str) -> str:
    return EARLIER + name.replace(".", "__")
