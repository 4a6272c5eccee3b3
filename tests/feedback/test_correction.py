import json
from dataclasses import replace

import pytest

from tests.support.review_moments import PROFILE, record
from understudy.contract.errors import WireError
from understudy.contract.intent import Mode
from understudy.feedback.correction import LONGEST_LINE, Correction, from_line, to_line
from understudy.feedback.state_snapshot import State, describe


def made() -> Correction:
    return Correction(
        state=describe(record(hp=0.23, attackers=3)[0], PROFILE),
        bot_action=Mode.FIGHT,
        vlm_correction=Mode.FLEE,
        reason='Low HP (23%), 3 enemies nearby - "should" retreat',
        confidence=0.95,
        bot_target=11,
        target=0,
        frame="corrections_1/000001.jpg",
    )


def test_a_line_reads_back_as_it_was_and_holds_the_guides_fields_in_plain_words() -> None:
    line = to_line(made())
    assert from_line(line) == made()
    plain = json.loads(line)
    assert list(plain)[:5] == ["state", "bot_action", "vlm_correction", "reason", "confidence"]
    assert (plain["bot_action"], plain["vlm_correction"], plain["confidence"]) == ("FIGHT", "FLEE", 0.95)
    assert plain["state"]["gauges"] == {"hp": 0.23, "shield": 1.0}
    assert plain["state"]["words"].startswith("hp 23%, shield 100%; 3 enemies in sight, 3 near, 3 shooting")
    assert "\n" not in line


def test_the_guides_own_example_is_read() -> None:
    line = '{"state": {}, "bot_action": "FIGHT", "vlm_correction": "FLEE", "reason": "Low HP", "confidence": 0.95}'
    assert from_line(line).vlm_correction is Mode.FLEE


def test_an_agreement_is_no_correction() -> None:
    assert made().differs
    assert not replace(made(), vlm_correction=Mode.FIGHT).differs


GOOD = {"state": {}, "bot_action": "FIGHT", "vlm_correction": "FLEE", "reason": "", "confidence": 1.0}


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '{"state": {}}',
        json.dumps({**GOOD, "vlm_correction": "ATTACK"}),
        json.dumps({**GOOD, "vlm_correction": 2}),
        json.dumps({**GOOD, "confidence": 1.5}),
        json.dumps({**GOOD, "confidence": -0.1}),
        json.dumps({**GOOD, "confidence": True}),
        json.dumps({**GOOD, "confidence": float("nan")}),
        json.dumps({**GOOD, "confidence": float("inf")}),
        json.dumps({**GOOD, "unknown": 1}),
        json.dumps({**GOOD, "state": {"unknown": 1}}),
        json.dumps({**GOOD, "frame": "../../etc/passwd"}),
        json.dumps({**GOOD, "frame": "/etc/passwd"}),
        json.dumps({**GOOD, "frame": "C:\\windows\\x"}),
        json.dumps({**GOOD, "frame": "..\\x"}),
        json.dumps({**GOOD, "frame": ""}),
        json.dumps({**GOOD, "reason": "x" * 501}),
        json.dumps(GOOD)[:-1] + ', "confidence": 0.1}',
        "[" * 100_000,
        '{"state": ' * 5_000,
        json.dumps({**GOOD, "reason": "x" * LONGEST_LINE}),
        '{"confidence": 1' + "0" * 5_000 + "}",
    ],
    ids=range(25),
)
def test_a_hostile_line_is_refused_with_a_sentence(hostile: str) -> None:
    with pytest.raises(WireError):
        from_line(hostile)


def test_numbers_that_json_does_not_know_are_never_written() -> None:
    for change in ({"time_s": float("nan")}, {"time_s": float("inf")}, {"confidence": float("nan")}):
        with pytest.raises(ValueError, match=r"time|confidence"):
            replace(made(), **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bar"):
        State(gauges={"hp": float("nan")})


SEEN = {"id": 11, "kind": "mordon", "role": "ENEMY", "x": 0.5, "y": 0.5, "distance": 0.1}
LONG = 10**400


@pytest.mark.parametrize(
    "change",
    [
        {"bot_action": ["FIGHT"]},
        {"vlm_correction": {"FLEE": 1}},
        {"confidence": LONG},
        {"bot_target": LONG},
        {"bot_target": 2**31},
        {"target": -1},
        {"time_s": LONG},
        {"time_s": -(2**63) - 1},
        {"source": "somebody"},
        {"model": "m" * 201},
        {"frame": "a" * 300},
        {"frame": "a\x1b[31m.jpg"},
        {"reason": "\ud800"},
        {"state": {"hp": LONG}},
        {"state": {"hp": 1.5}},
        {"state": {"shield": -0.1}},
        {"state": {"gauges": {"hp": 1.5}}},
        {"state": {"gauges": dict.fromkeys("abcdefghi")}},
        {"state": {"gauges": {"n" * 101: 0.5}}},
        {"state": {"enemies": LONG}},
        {"state": {"boxes": -1}},
        {"state": {"words": "w" * 1001}},
        {"state": {"objects": [SEEN] * 101}},
        {"state": {"objects": [{**SEEN, "x": LONG}]}},
        {"state": {"objects": [{**SEEN, "x": 1e300}]}},
        {"state": {"objects": [{**SEEN, "id": 2**40}]}},
        {"state": {"objects": [{**SEEN, "hp": 7}]}},
        {"state": {"window": {"layout": "e-1", "shape": [LONG, 1], "data": ""}}},
        {"state": {"window": {"layout": "e-1", "shape": [1] * 1000, "data": ""}}},
    ],
    ids=str,
)
def test_values_that_no_moment_can_have_are_refused_with_a_short_sentence(change: dict[str, object]) -> None:
    with pytest.raises(WireError) as caught:
        from_line(json.dumps({**GOOD, **change}))
    assert len(str(caught.value)) < 400 and str(caught.value).isprintable()


def test_no_number_becomes_infinite_in_silence() -> None:
    for field in ("hp", "shield"):
        with pytest.raises(WireError, match="larger than any"):
            from_line(json.dumps({**GOOD, "state": {field: 0.123}}).replace("0.123", "1e999"))
