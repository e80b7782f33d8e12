"""The door for change where the database itself says no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast
from django.db import OperationalError

from linli.cases.actions import writing
from linli.cases.actions.errors import StaleCase
from linli.cases.models import Case, Event

Move = Callable[..., Event]
Report = Callable[..., Any]


class _Refusal(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(("sqlstate", "said"), [("40P01", StaleCase), ("57014", OperationalError)])
def test_two_who_wait_for_each_other_are_told_that_the_case_moved_on_and_any_other_failure_is_not_hidden(
    sqlstate: str,
    said: type[Exception],
    report: Report,
    move: Move,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case: Case = report().case

    def write(_turn: Any) -> Event:
        raise OperationalError from _Refusal(sqlstate)

    monkeypatch.setattr(writing, "write", write)
    with pytest.raises(said):
        move(case, "accept", "dispatcher")
    assert Event.objects.filter(case=case).count() == 1
