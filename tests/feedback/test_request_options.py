from dataclasses import replace
from typing import Any

import pytest

from understudy.feedback.request_options import RequestOptions
from understudy.feedback.server_error import Parameter, ServerError

FRESH = RequestOptions(answer_tokens=300, thought_tokens=4000)
SCHEMA: dict[str, Any] = {"type": "json_schema"}


def error(parameter: Parameter | None, most_pictures: int | None = None) -> ServerError:
    return ServerError(status=400, sentence="", parameter=parameter, most_pictures=most_pictures)


def test_what_is_named_is_left_out_and_nothing_else() -> None:
    sent = FRESH.parameters(SCHEMA)
    assert sent == {"response_format": SCHEMA, "temperature": 0.0, "max_tokens": 300}
    for parameter, name in ((Parameter.SCHEMA, "response_format"), (Parameter.TEMPERATURE, "temperature")):
        less = FRESH.without(error(parameter), 3)
        assert less is not None
        assert less.parameters(SCHEMA) == {key: value for key, value in sent.items() if key != name}


def test_the_limit_of_tokens_changes_its_name_before_it_is_left_out() -> None:
    once = FRESH.without(error(Parameter.TOKENS), 3)
    assert once is not None and once.parameters(SCHEMA)["max_completion_tokens"] == 300
    twice = once.without(error(Parameter.TOKENS), 3)
    assert twice is not None and set(twice.parameters(SCHEMA)) == {"response_format", "temperature"}
    assert twice.without(error(Parameter.TOKENS), 3) is None
    assert twice.roomier() is None


def test_room_to_think_is_given_once_and_taken_back_for_good() -> None:
    roomy = FRESH.roomier()
    assert roomy is not None and roomy.num_tokens == 4300 and roomy.roomier() is None
    back = roomy.without(error(Parameter.ROOM), 3)
    assert back is not None and back.num_tokens == 300 and back.roomier() is None
    assert replace(FRESH, thought_tokens=0).roomier() is None


def test_pictures_are_fewer_only_where_the_server_says_how_many() -> None:
    assert FRESH.without(error(Parameter.PICTURES), 3) is None
    two = FRESH.without(error(Parameter.PICTURES, 2), 3)
    assert two is not None and two.most_pictures == 2
    assert two.without(error(Parameter.PICTURES, 2), 3) is None
    one = two.without(error(Parameter.ROOM), 3)
    assert one is not None and one.most_pictures == 1, "a context that is too short holds one picture perhaps"
    assert FRESH.without(error(Parameter.PICTURES, 1), 1) is None


@pytest.mark.parametrize("num_pictures", [0, 1, 3])
def test_a_server_that_refuses_everything_is_asked_a_handful_of_times(num_pictures: int) -> None:
    options, num_steps = FRESH, 0
    for _ in range(20):
        for parameter in Parameter:
            less = options.without(error(parameter, 1), num_pictures)
            if less is not None:
                options, num_steps = less, num_steps + 1
    assert 4 <= num_steps <= 8
