"""Whatever somebody asks a list: words to look for, where to go on, from when until when. Answered, never a fault."""

from __future__ import annotations

from datetime import date

import pytest
from conftest import NOW, Town
from hypothesis import example, given
from hypothesis import strategies as st

from linli.cases.actions import paging
from linli.cases.actions.criteria import DUES, Criteria, due_within
from linli.cases.models import Case
from linli.cases.models.search import search
from linli.kit import text
from linli.kit.ids import uuid7
from linli.kit.tests.strict import THROWN, WORDS, as_strict_as_postgresql, mutated

KEY = f"2026-09-30T08:42:00+00:00~{uuid7()}~7"


@pytest.mark.django_db
@THROWN
@given(st.one_of(WORDS, mutated(KEY.encode()).map(lambda found: found.decode("latin-1"))))
@example(f"9999-12-31T23:59:59+00:00~{uuid7()}")
@example(f"0001-01-01T00:00:00+14:00~{uuid7()}")
@example(f"2026-09-30T08:42:00~{uuid7()}")
@example(KEY.replace("~7", "~٧"))
def test_any_key_goes_on_or_begins_anew(town: Town, after: str) -> None:
    with as_strict_as_postgresql():
        assert paging.newest(Case.objects.all(), after).rows == []


@pytest.mark.django_db
@THROWN
@given(WORDS)
@example("路" * 3000)
@example('"路灯" OR NEAR(坏*)')
def test_any_words_are_looked_for(town: Town, words: str) -> None:
    with as_strict_as_postgresql():
        assert list(search(Case.objects.all(), words)) == []
    assert isinstance(text.terms(words), list)


@pytest.mark.django_db
@THROWN
@given(st.dates(), st.dates(), WORDS)
@example(date.max, date.max, "")
@example(date.min, date.min, "")
def test_any_days_and_states_narrow_a_list(town: Town, since: date, until: date, word: str) -> None:
    word = text.clean(word)
    asked = Criteria(since=since, until=until, state=word, level=word, channel=word, due=word)
    with as_strict_as_postgresql():
        assert list(asked.of(Case.objects.all(), NOW)) == []


@pytest.mark.django_db
def test_every_due_that_can_be_asked_for_narrows_a_list() -> None:
    assert all(due_within(due, "urgent_at", NOW) for due in DUES)
