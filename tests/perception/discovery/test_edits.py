"""Naming, merging and throwing away the kinds of a discovery."""

from dataclasses import replace

import pytest

from tests.support.found_objects import made_up_boxes, made_up_discovery
from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import MAX_GAUGES, Role
from understudy.contract.serialization import from_json, to_json
from understudy.perception.discovery.discovered import Discovery
from understudy.perception.discovery.edits import merge_kinds, name_bar, name_kind, throw_away
from understudy.perception.discovery.yolo_labels import label_lines


def test_a_kind_gets_a_name_and_a_role() -> None:
    named = name_kind(made_up_discovery(), 2, "hive", Role.BASE)
    assert (named.kind(2).shown_name, named.kind(2).chosen_role) == ("hive", Role.BASE)
    assert (named.kind(0).shown_name, named.kind(0).chosen_role) == ("kind_0", Role.ENEMY)


def test_two_kinds_do_not_get_one_name() -> None:
    named = name_kind(made_up_discovery(), 0, "wasp")
    with pytest.raises(FlagError, match="called 'wasp' already"):
        name_kind(named, 1, "wasp")


def test_a_merged_kind_counts_as_the_other_also_through_several_merges() -> None:
    merged = merge_kinds(merge_kinds(made_up_discovery(), 2, 1), 1, 0)
    assert [kind.id for kind in merged.kept] == [0]
    assert merged.classes() == {0: 0, 1: 0, 2: 0}
    assert [line.split()[0] for line in label_lines(merged, made_up_boxes())] == ["0", "0", "0"]
    assert merge_kinds(merged, 1, None).classes() == {0: 0, 1: 1, 2: 1}


def test_a_kind_is_not_merged_into_a_part_of_itself() -> None:
    merged = merge_kinds(made_up_discovery(), 2, 1)
    with pytest.raises(FlagError, match="a part of kind 1"):
        merge_kinds(merged, 1, 2)


def test_what_is_thrown_away_is_no_class_and_can_be_taken_back() -> None:
    thrown = throw_away(made_up_discovery(), 0)
    assert thrown.classes() == {1: 0, 2: 1}
    assert len(label_lines(thrown, made_up_boxes())) == 2
    assert throw_away(thrown, 0, False) == made_up_discovery()


def test_a_kind_that_is_taken_back_loses_a_name_that_another_has_by_now() -> None:
    thrown = name_kind(throw_away(name_kind(made_up_discovery(), 0, "wasp"), 0), 1, "wasp")
    assert [kind.shown_name for kind in throw_away(thrown, 0, False).kept] == ["kind_0", "wasp", "kind_2"]
    merged = name_kind(merge_kinds(name_kind(made_up_discovery(), 0, "wasp"), 0, 2), 1, "wasp")
    assert [kind.shown_name for kind in merge_kinds(merged, 0, None).kept] == ["kind_0", "wasp", "kind_2"]


def test_nothing_is_merged_into_what_was_thrown_away() -> None:
    with pytest.raises(FlagError, match="thrown away"):
        merge_kinds(throw_away(made_up_discovery(), 0), 1, 0)


def test_a_gauge_belongs_to_one_bar() -> None:
    changed = name_bar(made_up_discovery(), 1, "hp")
    assert [bar.chosen_gauge for bar in changed.bars] == [None, "hp"]


def test_a_bar_gets_any_name_of_letters_digits_and_underscores_and_a_role() -> None:
    changed = name_bar(made_up_discovery(), 1, "fuel_2", GaugeRole.STORE)
    assert [(bar.chosen_gauge, bar.chosen_role) for bar in changed.bars] == [
        ("hp", GaugeRole.VITAL),
        ("fuel_2", GaugeRole.STORE),
    ]
    assert from_json(Discovery, to_json(changed), "it") == changed
    assert name_bar(changed, 1, "fuel").bars[1].chosen_role == GaugeRole.PLAIN
    for wrong in ("", "a b", "größe", "x" * 65):
        with pytest.raises(FlagError, match="letters, digits or _"):
            name_bar(changed, 1, wrong)


def test_no_more_bars_get_a_gauge_than_a_profile_may_declare() -> None:
    few = made_up_discovery()
    discovery = replace(few, bars=few.bars[1:] * (MAX_GAUGES + 1))
    for number in range(MAX_GAUGES):
        discovery = name_bar(discovery, number, f"bar_{number}")
    with pytest.raises(FlagError, match=f"at most {MAX_GAUGES} gauges"):
        name_bar(discovery, MAX_GAUGES, "one_more")
    assert name_bar(discovery, MAX_GAUGES, "bar_0").bars[0].chosen_gauge is None, "a name moves on"


@pytest.mark.parametrize("edit", [throw_away, lambda found, number: name_bar(found, number, "hp")])
def test_what_is_not_there_is_one_sentence(edit) -> None:
    with pytest.raises(FlagError, match="There is no"):
        edit(made_up_discovery(), 9)
