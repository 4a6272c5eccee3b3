"""What a person says about a discovery: pure functions that return a changed copy.

Each raises FlagError with one sentence if it names a kind or bar that is not there.
"""

from dataclasses import replace

from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import MAX_GAUGES, Role
from understudy.contract.ranges import require_name
from understudy.perception.discovery.discovered import NO_GAUGE, Discovery, FoundKind


def name_kind(
    discovery: Discovery, kind_id: int, name: str | None, role: Role | None = None, value: float | None = None
) -> Discovery:
    """Gives a kind a name, a role and a value; None leaves role or value as it is, and takes a name back.

    Raises:
        FlagError: if the name is not printable text of 1 to 64 characters, or another kept kind has it, or the value is
            not between -1e6 and 1e6.
    """
    kind = _kind(discovery, kind_id)
    if name is not None:
        try:
            require_name("the name of a kind", name)
        except ValueError as problem:
            raise FlagError(f"{problem}.") from None
        if any(other.shown_name == name and other.id != kind_id for other in discovery.kept):
            raise FlagError(f"Another kind is called {name!r} already: give another name, or merge the two.")
    try:
        named = replace(
            kind,
            name=name,
            role=kind.role if role is None else role,
            value=kind.value if value is None else value,
        )
    except ValueError as problem:
        raise FlagError(f"{problem}.") from None
    return _replaced(discovery, named)


def throw_away(discovery: Discovery, kind_id: int, thrown_away: bool = True) -> Discovery:
    """Marks a kind as no object of the game, or takes that back; its name is lost if another kind has it by now."""
    kind = _kind(discovery, kind_id)
    if not thrown_away:
        kind = _without_taken_name(discovery, kind)
    return _replaced(discovery, replace(kind, thrown_away=thrown_away))


def merge_kinds(discovery: Discovery, kind_id: int, into: int | None) -> Discovery:
    """Makes a kind a part of another one; None makes it a kind of its own again, as in `throw_away`.

    Raises:
        FlagError: if the other one is a part of it, or was thrown away.
    """
    kind = _kind(discovery, kind_id)
    if into is None:
        return _replaced(discovery, replace(_without_taken_name(discovery, kind), merged_into=None))
    root = discovery.root_of(_kind(discovery, into).id)
    if root.thrown_away:
        raise FlagError(f"Kind {root.id} was thrown away: take it back before you merge others into it.")
    if root.id == kind_id:
        raise FlagError(f"Kind {into} is a part of kind {kind_id}: a kind cannot be merged into itself.")
    return _replaced(discovery, replace(kind, merged_into=root.id))


def name_bar(discovery: Discovery, number: int, gauge: str | None, role: GaugeRole | None = None) -> Discovery:
    """Names what a bar shows; NO_GAUGE for nothing, None leaves it to what is suggested. Another bar of that gauge
    loses it.

    Raises:
        FlagError: if the name has other letters, or more bars have a gauge than a profile may declare.
    """
    if not 0 <= number < len(discovery.bars):
        raise FlagError(f"There is no bar {number}: there are {len(discovery.bars)}, counted from 0.")
    bars = list(discovery.bars)
    for other, bar in enumerate(bars):
        if gauge is not None and bar.chosen_gauge == gauge:
            bars[other] = replace(bar, gauge=NO_GAUGE, role=None)
    try:
        bars[number] = replace(bars[number], gauge=gauge, role=role)
    except ValueError as problem:
        raise FlagError(f"{problem}.") from None
    if gauge not in (None, NO_GAUGE) and sum(bar.chosen_gauge is not None for bar in bars) > MAX_GAUGES:
        raise FlagError(f"A profile declares at most {MAX_GAUGES} gauges: give this bar none, or take another's name.")
    return replace(discovery, bars=tuple(bars))


def _without_taken_name(discovery: Discovery, kind: FoundKind) -> FoundKind:
    """Returns a kind that becomes one of its own again, without a name that another kind was given meanwhile."""
    taken = any(other.shown_name == kind.shown_name and other.id != kind.id for other in discovery.kept)
    return replace(kind, name=None) if taken else kind


def _kind(discovery: Discovery, kind_id: int) -> FoundKind:
    try:
        return discovery.kind(kind_id)
    except KeyError:
        known = ", ".join(str(kind.id) for kind in discovery.kinds) or "none"
        raise FlagError(f"There is no kind {kind_id}; there are: {known}.") from None


def _replaced(discovery: Discovery, changed: FoundKind) -> Discovery:
    kinds = tuple(changed if kind.id == changed.id else kind for kind in discovery.kinds)
    return replace(discovery, kinds=kinds)
